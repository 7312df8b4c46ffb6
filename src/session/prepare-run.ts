import type { RunConfig } from '../config/schema.ts'
import type { Batch, BatchShape } from '../data/batch.ts'
import { bucketLength } from '../data/collate.ts'
import type { Sequence } from '../data/sequence.ts'
import { BatchStream, type DataPosition, evaluationBatches, evaluationShapes } from '../data/training-data.ts'
import type { AdapterConfig } from '../formats/adapter-config.ts'
import type { Dtype } from '../formats/dtype.ts'
import type { DeviceTraits } from '../graph/device.ts'
import type { AdapterPlacement } from '../model/place-adapters.ts'
import { buildProgram, type Placement, type PlannedShapes, type Program } from '../train/program.ts'
import { inputError } from '../util/errors.ts'
import type { RunData } from './open-dataset.ts'
import type { OpenedModel } from './open-model.ts'

/** A run that is ready to go: what will be computed, in which order, and the plan of its memory. */
export interface PreparedRun {
  config: RunConfig
  program: Program
  steps: BatchStream
  /** What the steps are made of, in file order. */
  sequences: readonly Sequence[]
  evaluationBatches: (() => Iterable<Batch>) | undefined
  sequenceLengths: number[]
}

/** Where LoRA sits and how strong it is: an adapter that is continued decides, else the config. */
export function adapterPlacement(config: RunConfig, adapter: AdapterConfig | null): AdapterPlacement {
  const { rank, alpha, dropout, useRslora, targetModules } = config.lora
  if (adapter) {
    return {
      rank: adapter.rank,
      alpha: adapter.alpha,
      dropout,
      useRslora: adapter.useRslora,
      targetModules: adapter.targetModules,
    }
  }
  return {
    rank,
    alpha,
    dropout,
    useRslora,
    targetModules: targetModules === 'all-linear' ? ['all-linear'] : targetModules,
  }
}

/** What a run trains. @throws input/adapter for an adapter where every weight is trained */
export function runPlacement(config: RunConfig, adapter: AdapterConfig | null): Placement {
  if (config.method !== 'full') return adapterPlacement(config, adapter)
  if (!adapter) return 'all-weights'
  throw inputError('adapter', [
    {
      message: 'Method "full" trains every weight of the model itself and cannot continue an adapter',
      fix: 'Leave the adapter out, or choose method "lora" or "qlora".',
    },
  ])
}

export const dtypeLookup =
  (model: OpenedModel) =>
  (name: string): Dtype => {
    const tensor = model.checkpoint.tensors.get(name)
    if (!tensor) throw new Error(`the checkpoint has no tensor ${name}`)
    return tensor.dtype
  }

export function prepareRun(
  model: OpenedModel,
  data: RunData,
  config: RunConfig,
  adapter: AdapterConfig | null,
  traits: DeviceTraits,
  position?: DataPosition,
): PreparedRun {
  const { train, evaluation } = data
  // More rows than there are would only be padding; the steps of an epoch stay the same.
  const batchSize = Math.min(config.train.batchSize, train.length)
  const sequenceLength = lengthRounding([...train, ...evaluation])
  const options = {
    examples: train,
    data: config.data,
    train: { ...config.train, batchSize },
    sequenceLength,
  }
  const steps = new BatchStream(options, position)
  const shapes = {
    train: steps.shapes(),
    evaluate: evaluationShapes(evaluation, { batchSize, sequenceLength }),
    logits: [],
  }
  const program = programFor(
    model,
    config,
    runPlacement(config, adapter),
    shapes,
    positionsOf([...train, ...evaluation]),
    traits,
  )
  return {
    config,
    program,
    steps,
    sequences: train,
    evaluationBatches:
      evaluation.length > 0 ? () => evaluationBatches(evaluation, { batchSize, sequenceLength }) : undefined,
    sequenceLengths: lengthsOf([...shapes.train, ...shapes.evaluate]),
  }
}

const lengthsOf = (shapes: readonly BatchShape[]): number[] =>
  [...new Set(shapes.map(({ sequenceLength }) => sequenceLength))].sort((a, b) => a - b)

export function programFor(
  model: OpenedModel,
  config: RunConfig,
  placement: Placement | null,
  shapes: PlannedShapes,
  positions: number,
  traits: DeviceTraits,
): Program {
  return buildProgram({
    model: model.checkpoint.config,
    dtypeOf: dtypeLookup(model),
    config,
    placement,
    shapes,
    positions,
    traits,
  })
}

/** Rounds lengths up to a few, so that few stages serve all batches: at most eight up to the longest sequence. */
export function lengthRounding(sequences: readonly Sequence[]): (longest: number) => number {
  const longest = sequences.reduce((most, { inputIds }) => Math.max(most, inputIds.length), 1)
  return (length) => bucketLength(length, longest)
}

/** Rows of the RoPE table that the sequences reach: padding counts up to the batch's length. */
export function positionsOf(sequences: readonly Sequence[]): number {
  let most = 1
  for (const { inputIds, positionIds } of sequences) {
    most = Math.max(most, inputIds.length)
    for (const position of positionIds ?? []) most = Math.max(most, position + 1)
  }
  return most
}
