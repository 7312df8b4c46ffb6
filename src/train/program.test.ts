import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { RunConfigInput } from '../config/schema.ts'
import { llamaTensorShapes } from '../formats/llama-weights.ts'
import type { ModelConfig } from '../formats/model-config.ts'
import { DEFAULT_LIMITS, DEFAULT_TRAITS, largestBinding } from '../graph/device.ts'
import { buildProgram, STAGE } from './program.ts'

/** SmolLM2-135M. */
const MODEL: ModelConfig = {
  family: 'llama',
  hiddenSize: 576,
  intermediateSize: 1536,
  numLayers: 30,
  numHeads: 9,
  numKvHeads: 3,
  headDim: 64,
  vocabSize: 49152,
  rmsNormEps: 1e-5,
  ropeTheta: 100000,
  ropeScaling: { type: 'default' },
  tieWordEmbeddings: true,
  maxPositionEmbeddings: 8192,
  bosTokenId: 1,
  eosTokenIds: [2],
  padTokenId: 2,
  dtype: 'bfloat16',
}

const BATCH = { batchSize: 2, sequenceLength: 512 }

const PARAMETERS = 134_515_008

function fullProgram(paging: NonNullable<RunConfigInput['optimizer']>['paging'] = {}) {
  const config = parseRunConfig({ method: 'full', optimizer: { paging } })
  return buildProgram({
    model: MODEL,
    dtypeOf: () => 'BF16',
    config,
    placement: 'all-weights',
    shapes: { train: [BATCH], evaluate: [BATCH], logits: [] },
    positions: 512,
    traits: DEFAULT_TRAITS,
  })
}

describe('full fine-tuning of 135M parameters on a device that binds 128 MiB', () => {
  const limit = largestBinding(DEFAULT_LIMITS)
  const { plan, pool } = fullProgram()

  it('trains every weight once, in f32: as much again for gradients, and twice for the moments', () => {
    const shapes = [...llamaTensorShapes(MODEL)]
    expect(pool?.tensors.map(({ name, shape }) => [name, shape])).toEqual(expect.arrayContaining(shapes))
    expect(pool?.tensors).toHaveLength(shapes.length)
    expect(pool?.trainableElements).toBe(PARAMETERS)
    const bytes = PARAMETERS * 4
    expect(plan.bytes).toMatchObject({
      weights: bytes,
      gradients: bytes,
      optimizer: 2 * bytes,
      adapters: 0,
      base4bit: 0,
    })
  })

  it('fits every limit, in buffers that no tensor straddles', () => {
    expect(limit).toBe(128 << 20)
    expect(pool?.segments.length).toBe(5)
    for (const { label, sizeBytes } of plan.buffers) expect(sizeBytes, label).toBeLessThanOrEqual(limit)
    for (const { commands } of Object.values(plan.stages)) {
      for (const command of commands) {
        if (command.kind !== 'dispatch') continue
        for (const { buffer, offset, sizeBytes } of command.bindings)
          expect(offset + sizeBytes).toBeLessThanOrEqual(plan.buffers[buffer].sizeBytes)
      }
    }
  })

  it('needs a tenth of the moments where they are paged, and nothing else more', () => {
    const gpuBudgetBytes = Math.floor((2 * PARAMETERS * 4) / 10)
    const paged = fullProgram({ gpuBudgetBytes }).plan
    expect(paged.bytes.optimizer).toBeLessThanOrEqual(gpuBudgetBytes)
    const { optimizer: _, staging: more, ...rest } = paged.bytes
    const { optimizer: __, staging, ...others } = plan.bytes
    expect(rest).toEqual({ ...others, workspace: expect.any(Number) })
    expect(more - staging).toBeLessThanOrEqual(8 << 20)
  })
})

describe('a run whose last batch is short', () => {
  const placement = { rank: 8, alpha: 16, dropout: 0, useRslora: false, targetModules: ['all-linear'] }
  const of = (...rows: number[]) =>
    buildProgram({
      model: MODEL,
      dtypeOf: () => 'BF16',
      config: parseRunConfig({}),
      placement,
      shapes: {
        train: rows.map((batchSize) => ({ batchSize, sequenceLength: 64 })),
        evaluate: [],
        logits: [],
      },
      positions: 64,
      traits: DEFAULT_TRAITS,
    }).plan
  const plan = of(16, 2)

  it('computes no padded rows: two rows take an eighth of the workgroups of sixteen', () => {
    const workgroups = (stage: string) =>
      plan.stages[stage].commands.reduce(
        (sum, command) =>
          sum + (command.kind === 'dispatch' ? command.workgroups.reduce((a, b) => a * b) : 0),
        0,
      )
    expect(workgroups(STAGE.train({ batchSize: 2, sequenceLength: 64 }))).toBeLessThan(
      workgroups(STAGE.train({ batchSize: 16, sequenceLength: 64 })) / 6,
    )
  })

  it('needs no kernel and no memory for it but its parameters', () => {
    const even = of(16)
    const names = (kernels: typeof plan.kernels) => kernels.map(({ kernel }) => kernel.name).sort()
    expect(names(plan.kernels)).toEqual(names(even.kernels))
    expect({ ...plan.bytes, workspace: 0 }).toEqual({ ...even.bytes, workspace: 0 })
    expect(plan.bytes.workspace - even.bytes.workspace).toBeLessThan(64 << 10)
  })
})
