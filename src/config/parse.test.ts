import { describe, expect, it } from 'vitest'
import { StudioError } from '../util/errors.ts'
import { parseRunConfig } from './parse.ts'
import { PRESETS } from './presets.ts'
import type { RunConfigInput } from './schema.ts'

const problemsOf = (value: unknown): string[] => {
  try {
    parseRunConfig(value)
  } catch (error) {
    if (error instanceof StudioError && error.code === 'input/config')
      return (error.problems ?? []).map((p) => p.message)
    throw error
  }
  return []
}

describe('parseRunConfig', () => {
  it('fills the documented defaults', () => {
    const config = parseRunConfig({})
    expect(config).toMatchObject({
      method: 'qlora',
      quantization: { type: 'nf4', blockSize: 64, doubleQuant: true },
      lora: { rank: 16, alpha: 16, targetModules: 'all-linear' },
      data: { maxSeqLength: 512, packing: true, shuffle: true, trainOn: 'completion', evalFraction: 0 },
      train: {
        maxSteps: 0,
        numEpochs: 1,
        batchSize: 2,
        gradAccumSteps: 8,
        seed: 42,
        gradientCheckpointing: true,
      },
      optimizer: {
        type: 'adamw',
        lr: 2e-4,
        maxGradNorm: 0.3,
        schedule: 'constant',
        paging: { gpuBudgetBytes: null },
      },
    })
  })

  it('reports every problem at once, by name', () => {
    const problems = problemsOf({ lora: { rank: 0, rnak: 3 }, train: { batchSize: 'two' }, colour: 1 })
    expect(problems).toHaveLength(4)
    for (const name of ['lora.rank', 'lora.rnak', 'train.batchSize', 'colour']) {
      expect(
        problems.some((message) => message.includes(`"${name}"`)),
        name,
      ).toBe(true)
    }
  })

  it('refuses qlora on an unquantized base and leaves lora alone', () => {
    expect(problemsOf({ method: 'qlora', quantization: { type: 'none' } })[0]).toContain('qlora')
    expect(problemsOf({ method: 'lora', quantization: { type: 'none' } })).toEqual([])
  })

  it('lets full fine-tuning ignore what only weakens or names an adapter, and refuses what an adapter would learn with', () => {
    const full = (lora: RunConfigInput['lora'], quantization?: RunConfigInput['quantization']) =>
      problemsOf({ method: 'full', lora, quantization })
    expect(full({ rank: 8, alpha: 32 }, { type: 'int4' })).toEqual([])
    const problems = full({ dropout: 0.1, targetModules: ['q_proj'], useDora: true })
    expect(problems.map((message) => /lora\.\w+/.exec(message)?.[0])).toEqual([
      'lora.dropout',
      'lora.targetModules',
      'lora.useDora',
    ])
  })

  it('refuses pages that are too small, or too large for the GPU budget', () => {
    const paging = (gpuBudgetBytes: number | null, pageBytes: number) =>
      problemsOf({ optimizer: { paging: { gpuBudgetBytes, pageBytes } } })
    expect(paging(null, 511)[0]).toContain('pageBytes (511)')
    expect(paging(2000, 1024)[0]).toContain('does not fit twice')
    expect(paging(2048, 1024)).toEqual([])
    expect(paging(0, 1 << 20)).toEqual([])
  })

  it('takes the columns of a dataset, each in one role', () => {
    const data = (mapping: RunConfigInput['data']) => problemsOf({ data: mapping })
    expect(data({ mapping: { shape: 'pair', prompt: ['q', 'more'], answer: 'a' } })).toEqual([])
    expect(data({ mapping: { shape: 'text', text: 'body' } })).toEqual([])
    expect(data({ mapping: { shape: 'pair', prompt: ['q'], answer: 'q' } })[0]).toContain('"q" twice')
    expect(data({ mapping: { shape: 'pair', prompt: [], answer: 'a' } })[0]).toContain('data.mapping.prompt')
  })

  it.each([null, 3, [], 'x'])('refuses %j: not an object', (value) => {
    expect(problemsOf(value)).toHaveLength(1)
  })

  it('accepts every preset', () => {
    for (const preset of PRESETS) expect(problemsOf(preset.config), preset.id).toEqual([])
  })
})
