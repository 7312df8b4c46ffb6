import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { RunConfigInput } from '../config/schema.ts'
import { llamaTensorShapes } from '../formats/llama-weights.ts'
import type { ModelConfig } from '../formats/model-config.ts'
import { DEFAULT_LIMITS, DEFAULT_TRAITS, largestBinding } from '../graph/device.ts'
import { buildProgram } from './program.ts'

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

const PARAMETERS = 134_515_008

function fullProgram(paging: NonNullable<RunConfigInput['optimizer']>['paging'] = {}) {
  const config = parseRunConfig({ method: 'full', optimizer: { paging } })
  return buildProgram({
    model: MODEL,
    dtypeOf: () => 'BF16',
    config,
    placement: 'all-weights',
    batchSize: 2,
    lengths: { train: [512], evaluate: [512], logits: [] },
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
