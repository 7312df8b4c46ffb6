import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { BatchShape } from '../data/batch.ts'
import { llamaTensorShapes } from '../formats/llama-weights.ts'
import type { ModelConfig } from '../formats/model-config.ts'
import { DEFAULT_TRAITS } from '../graph/device.ts'
import { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import { makePlan } from '../graph/make-plan.ts'
import type { Operation } from '../graph/operation.ts'
import type { Plan } from '../graph/plan.ts'
import { bufferTensor, elementCount, type Tensor } from '../graph/tensor.ts'
import { decoderLinears } from '../model/weights.ts'
import { buildProgram, type Program, STAGE } from './program.ts'

// What QLoRA is for: the base stays in 4 bits. Nothing but the plan is looked at, so a copy has no place to hide: a kernel
// that makes one has to bind the range that it writes, and memory that is only read is in the plan's sums.

/** Extents that do not occur in one another; head dim 32. */
const MODEL: ModelConfig = {
  family: 'llama',
  hiddenSize: 192,
  intermediateSize: 416,
  numLayers: 2,
  numHeads: 6,
  numKvHeads: 3,
  headDim: 32,
  vocabSize: 288,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  ropeScaling: { type: 'default' },
  tieWordEmbeddings: true,
  maxPositionEmbeddings: 8192,
  bosTokenId: 1,
  eosTokenIds: [2],
  padTokenId: 2,
  dtype: 'bfloat16',
}

const ADAPTER = { rank: 4, alpha: 8, dropout: 0.1, useRslora: false, targetModules: ['all-linear'] }

function program(
  method: 'qlora' | 'lora',
  shape: BatchShape,
  model = MODEL,
  logits: BatchShape[] = [],
): Program {
  return buildProgram({
    model,
    dtypeOf: () => 'BF16',
    config: parseRunConfig({ method }),
    placement: ADAPTER,
    shapes: { train: [shape], evaluate: [shape], logits },
    positions: shape.sequenceLength,
    traits: DEFAULT_TRAITS,
  })
}

/** Every range that a kernel writes outside the pools of what is trained, as 'stage kernel binding: bytes', from so many bytes on. */
function writesOf(plan: Plan, leastBytes: number): string[] {
  const found = new Set<string>()
  for (const { name, commands } of Object.values(plan.stages)) {
    // A base is quantized one matrix at a time, before training, in the arena.
    if (name.startsWith('load/')) continue
    for (const command of commands) {
      if (command.kind !== 'dispatch') continue
      const { kernel } = plan.kernels[command.kernel]
      for (const [i, { buffer, sizeBytes }] of command.bindings.entries()) {
        const { bytes } = plan.buffers[buffer]
        const trained = 'adapters' in bytes || 'gradients' in bytes || 'optimizer' in bytes
        if (kernel.bindings[i].access === 'read' || trained || sizeBytes < leastBytes) continue
        found.add(`${name} ${kernel.name} ${kernel.bindings[i].name}: ${sizeBytes}`)
      }
    }
  }
  return [...found]
}

const frozen = ({ weights }: Program): Tensor[] => decoderLinears(weights).map(({ weight }) => weight)

/** Bytes of the smallest frozen matrix, were it decoded to 16 bits. */
const smallestCopy = (run: Program): number =>
  2 * Math.min(...frozen(run).map(({ shape }) => elementCount(shape)))

const FEW = { batchSize: 1, sequenceLength: 8 }

describe.each(['qlora', 'lora'] as const)('in a run with %s', (method) => {
  const run = program(method, FEW)

  it('no kernel writes as much as the smallest base matrix has in 16 bits', () => {
    // With 8 rows every true activation is smaller, so that none needs an exception.
    expect(writesOf(run.plan, smallestCopy(run))).toEqual([])
  })

  it('nothing is held beside the base as it is stored, the adapters and their state', () => {
    const bytesOf = (tensors: Iterable<readonly number[]>) =>
      [...tensors].reduce((sum, shape) => sum + 2 * elementCount(shape), 0)
    const linear = frozen(run)
    const all = bytesOf([...llamaTensorShapes(MODEL)].map(([, shape]) => shape))
    const rest = all - bytesOf(linear.map(({ shape }) => shape))
    const { base4bit, scales, weights, adapters, gradients, optimizer, workspace, kvCache } = run.plan.bytes
    const elements = run.pool?.elements as number
    expect([adapters, gradients, optimizer, kvCache]).toEqual([4 * elements, 4 * elements, 8 * elements, 0])
    expect(workspace).toBeLessThan(smallestCopy(run))
    // Buffers are padded to 256 bytes each; a copy of any matrix would be far more.
    const padding = 256 * llamaTensorShapes(MODEL).size
    if (method === 'lora') {
      expect(base4bit + scales).toBe(0)
      expect(weights).toBeGreaterThanOrEqual(all)
      expect(weights).toBeLessThan(all + padding + 2048)
    } else {
      const parameters = linear.reduce((sum, { shape }) => sum + elementCount(shape), 0)
      expect(base4bit).toBeLessThan(parameters / 2 + 256 * linear.length)
      expect(scales).toBeLessThan(parameters / 32)
      expect(weights).toBeGreaterThanOrEqual(rest)
      expect(weights).toBeLessThan(rest + padding + 2048)
    }
  })

  it('no kernel writes logits of all rows, or scores of all pairs of tokens', () => {
    const long = { batchSize: 1, sequenceLength: 4096 }
    const model = { ...MODEL, vocabSize: 49152 }
    const { plan } = program(method, long, model)
    expect(long.sequenceLength ** 2).toBeLessThan(long.sequenceLength * model.vocabSize)
    expect(writesOf(plan, 2 * long.sequenceLength ** 2)).toEqual([])
  })
})

describe('a violation is found', () => {
  const run = program('qlora', FEW)

  /** A stage beside the run's own: a kernel that writes `copy`. */
  function withWriteOf(name: string, shape: readonly number[], format: 'f16' | 'f32'): Plan {
    const kernel: Kernel = {
      name,
      source: '',
      bindings: [
        { name: 'weight', element: 'u32', access: 'read' },
        { name: 'copy', element: 'u32', access: 'write' },
      ],
      params: [],
      workgroupSize: [64, 1, 1],
    }
    const operation: Operation<null> = {
      name,
      kernels: ({ inputs, outputs }) => [
        { kernel, tensors: { ...inputs, ...outputs }, params: {}, workgroups: [1, 1, 1] },
      ],
    }
    const graph = new Graph()
    const copy = graph.expose('copy', graph.activation('copy', shape, format))
    graph.record(operation, { inputs: { weight: frozen(run)[0] }, outputs: { copy }, attributes: null })
    return makePlan({ planted: graph }, DEFAULT_TRAITS)
  }

  it.each(['f16', 'f32'] as const)('where a 4-bit matrix is decoded to %s', (format) => {
    for (const { shape } of frozen(run))
      expect(writesOf(withWriteOf('decode', shape, format), smallestCopy(run))).toHaveLength(1)
  })

  it('where scores of all pairs exist, in 16 bits', () => {
    expect(writesOf(withWriteOf('scores', [4096, 4096], 'f16'), 2 * 4096 ** 2)).toHaveLength(1)
  })

  it('where logits of all rows exist: in the stage that is there to give them', () => {
    const rows = { batchSize: 1, sequenceLength: 64 }
    const { plan } = program('qlora', FEW, MODEL, [rows])
    const [found, ...others] = writesOf(plan, 64 * MODEL.vocabSize * 2)
    expect(found.startsWith(STAGE.logits(rows))).toBe(true)
    expect(others.every((other) => other.startsWith(STAGE.logits(rows)))).toBe(true)
  })

  it('where a decoded copy is held that no kernel writes', () => {
    const copy = bufferTensor('copy', frozen(run)[0].shape, 'f16', 'weights')
    const held = makePlan({}, DEFAULT_TRAITS, [...frozen(run), copy])
    expect(held.bytes.weights).toBeGreaterThanOrEqual(smallestCopy(run))
  })
})
