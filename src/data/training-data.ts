import { permutation } from '../util/random.ts'
import type { Batch, BatchShape } from './batch.ts'
import { collate, longestOf } from './collate.ts'
import type { Example } from './example.ts'
import { pack } from './packing.ts'
import type { Sequence } from './sequence.ts'
import type { TokenizedDataset } from './tokenize-dataset.ts'

/** The fields of RunConfig that decide what is trained in which order; config.data and config.train fit. */
export interface DataChoices {
  maxSeqLength: number
  packing: boolean
  shuffle: boolean
  evalFraction: number
}

export interface TrainChoices {
  maxSteps: number
  numEpochs: number
  batchSize: number
  gradAccumSteps: number
  seed: number
}

export interface TrainingData {
  /** One epoch, before shuffling. */
  train: Sequence[]
  /** Held-out examples in file order, never packed together. */
  evaluation: Sequence[]
}

/** Epoch number that keys the held-out split; no epoch of training has it. */
const SPLIT_EPOCH = -1

/**
 * Holds out the last ⌈f·n⌉ rows of a seeded permutation (at least one row is left to train on), then packs the rest in
 * file order. Packs are made once, so that every epoch has the same steps; shuffling reorders them.
 */
export function trainingData(
  tokenized: Pick<TokenizedDataset, 'examples' | 'isTokenRows'>,
  data: DataChoices,
  seed: number,
): TrainingData {
  const { examples, isTokenRows } = tokenized
  const rows = [...new Set(examples.map((example) => example.row))]
  const heldOut = heldOutRows(rows, data.evalFraction, seed)
  const isHeldOut = (example: Example) => heldOut.has(example.row)
  const kept = examples.filter((example) => !isHeldOut(example))
  return {
    train: data.packing && !isTokenRows ? pack(kept, data.maxSeqLength) : kept,
    evaluation: examples.filter(isHeldOut),
  }
}

function heldOutRows(rows: readonly number[], fraction: number, seed: number): Set<number> {
  const count = Math.min(Math.ceil(fraction * rows.length), rows.length - 1)
  if (count <= 0) return new Set()
  const order = permutation(rows.length, seed, SPLIT_EPOCH)
  return new Set(Array.from(order.subarray(rows.length - count), (i) => rows[i]))
}

/** Where a run stands in its data: `index` sequences of this epoch have been used. Plain data, kept in checkpoints. */
export interface DataPosition {
  epoch: number
  index: number
}

/** The data of one optimizer step: at most gradAccumSteps micro-batches of batchSize rows. */
export interface StepData {
  epoch: number
  batches: Batch[]
  /** Sum over the micro-batches: what the step's loss is divided by. */
  supervisedTokens: number
  tokens: number
}

/** The sequences of a step: a list for each of its micro-batches. */
export interface StepSequences {
  epoch: number
  rows: Sequence[][]
}

export interface BatchStreamOptions {
  examples: readonly Sequence[]
  data: Pick<DataChoices, 'shuffle'>
  train: TrainChoices
  /** T from a micro-batch's longest row, to round up to a bucket; default is the longest row itself. */
  sequenceLength?(longest: number): number
}

/**
 * Steps of a run in order, from any position: the same position always gives the same step. An epoch's last step may be
 * short (fewer micro-batches, fewer rows in the last of them) and never takes from the next epoch.
 */
export class BatchStream {
  readonly stepsPerEpoch: number
  readonly totalSteps: number
  readonly #options: BatchStreamOptions
  #position: DataPosition
  #order: { epoch: number; indices: Uint32Array } | undefined

  constructor(options: BatchStreamOptions, position: DataPosition = { epoch: 0, index: 0 }) {
    this.#options = options
    this.#position = { ...position }
    this.stepsPerEpoch = stepsPerEpoch(options.examples.length, options.train)
    this.totalSteps = totalSteps(options.examples.length, options.train)
  }

  /** Position of the next step. */
  get position(): DataPosition {
    return { ...this.#position }
  }

  get stepsDone(): number {
    const { batchSize, gradAccumSteps } = this.#options.train
    return (
      this.#position.epoch * this.stepsPerEpoch +
      Math.ceil(this.#position.index / (batchSize * gradAccumSteps))
    )
  }

  /** The next step's data, or undefined at the end of the run. */
  next(): StepData | undefined {
    const taken = this.#take()
    if (!taken) return undefined
    const batches = taken.rows.map((rows) => batchOf(rows, this.#options.sequenceLength))
    return {
      epoch: taken.epoch,
      batches,
      supervisedTokens: batches.reduce((sum, batch) => sum + batch.supervisedTokens, 0),
      tokens: batches.reduce((sum, batch) => sum + batch.tokens, 0),
    }
  }

  /**
   * What any step of the run (1-based) is made of, micro-batch by micro-batch, wherever this stream stands; undefined
   * for a step that the run does not have.
   */
  sequencesOf(step: number): StepSequences | undefined {
    if (!Number.isInteger(step) || step < 1) return undefined
    const { batchSize, gradAccumSteps } = this.#options.train
    const [epoch, inEpoch] = [Math.floor((step - 1) / this.stepsPerEpoch), (step - 1) % this.stepsPerEpoch]
    return new BatchStream(this.#options, { epoch, index: inEpoch * batchSize * gradAccumSteps }).#take()
  }

  /** Every shape that a micro-batch of the whole run has, wherever this stream stands. */
  shapes(): BatchShape[] {
    const whole = new BatchStream(this.#options)
    const shapes = new ShapeSet()
    for (let taken = whole.#take(); taken; taken = whole.#take())
      for (const rows of taken.rows) shapes.add(shapeOf(rows, this.#options.sequenceLength))
    return shapes.sorted()
  }

  /** The sequences of the next step's micro-batches. */
  #take(): StepSequences | undefined {
    if (this.stepsDone >= this.totalSteps) return undefined
    const { examples, train } = this.#options
    const { epoch, index } = this.#position
    const indices = this.#indices(epoch)
    const end = Math.min(index + train.batchSize * train.gradAccumSteps, indices.length)
    const rows: Sequence[][] = []
    for (let start = index; start < end; start += train.batchSize) {
      const taken = indices.subarray(start, Math.min(start + train.batchSize, end))
      rows.push(Array.from(taken, (i) => examples[i]))
    }
    this.#position = end === indices.length ? { epoch: epoch + 1, index: 0 } : { epoch, index: end }
    return { epoch, rows }
  }

  *[Symbol.iterator](): Generator<StepData, void> {
    for (let step = this.next(); step; step = this.next()) yield step
  }

  #indices(epoch: number): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      const { examples, data, train } = this.#options
      const indices = data.shuffle
        ? permutation(examples.length, train.seed, epoch)
        : Uint32Array.from(examples.keys())
      this.#order = { epoch, indices }
    }
    return this.#order.indices
  }
}

export function batchStream(options: BatchStreamOptions, position?: DataPosition): BatchStream {
  return new BatchStream(options, position)
}

export function stepsPerEpoch(
  sequences: number,
  train: Pick<TrainChoices, 'batchSize' | 'gradAccumSteps'>,
): number {
  return Math.ceil(sequences / (train.batchSize * train.gradAccumSteps))
}

/** maxSteps when it is set, else what numEpochs (which may be a fraction) takes. */
export function totalSteps(sequences: number, train: TrainChoices): number {
  if (sequences === 0) return 0
  return train.maxSteps > 0 ? train.maxSteps : Math.ceil(train.numEpochs * stepsPerEpoch(sequences, train))
}

export interface EvaluationOptions {
  batchSize: number
  sequenceLength?: SequenceLength
}

/** All sequences once, in order, in batches of batchSize; the last one has the rows that are left. */
export function* evaluationBatches(
  sequences: readonly Sequence[],
  options: EvaluationOptions,
): Generator<Batch, void> {
  for (const rows of inBatches(sequences, options)) yield batchOf(rows, options.sequenceLength)
}

/** Every shape that evaluationBatches have. */
export function evaluationShapes(sequences: readonly Sequence[], options: EvaluationOptions): BatchShape[] {
  const shapes = new ShapeSet()
  for (const rows of inBatches(sequences, options)) shapes.add(shapeOf(rows, options.sequenceLength))
  return shapes.sorted()
}

function* inBatches(sequences: readonly Sequence[], { batchSize }: EvaluationOptions): Generator<Sequence[]> {
  for (let start = 0; start < sequences.length; start += batchSize)
    yield sequences.slice(start, start + batchSize)
}

class ShapeSet {
  private readonly shapes = new Map<string, BatchShape>()

  add(shape: BatchShape): void {
    this.shapes.set(`${shape.batchSize} ${shape.sequenceLength}`, shape)
  }

  sorted(): BatchShape[] {
    return [...this.shapes.values()].sort(
      (a, b) => b.batchSize - a.batchSize || a.sequenceLength - b.sequenceLength,
    )
  }
}

type SequenceLength = (longest: number) => number

function shapeOf(rows: readonly Sequence[], sequenceLength?: SequenceLength): BatchShape {
  const longest = longestOf(rows)
  return { batchSize: rows.length, sequenceLength: sequenceLength?.(longest) ?? longest }
}

const batchOf = (rows: readonly Sequence[], sequenceLength?: SequenceLength): Batch =>
  collate(rows, shapeOf(rows, sequenceLength))
