import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { RunConfigInput } from '../config/schema.ts'
import type { Dtype } from '../formats/dtype.ts'
import { parseModelConfig } from '../formats/model-config.ts'
import { buildGeneration } from '../generate/program.ts'
import { DEFAULT_TRAITS, type DeviceTraits } from '../graph/device.ts'
import type { Plan } from '../graph/plan.ts'
import { buildProgram } from '../train/program.ts'
import { routesOf } from './check-case.ts'
import { prepareCase } from './check-op.ts'
import { quantizerCases } from './check-quantizer.ts'
import { opCases } from './op-cases.ts'
import { isProbe } from './probe.ts'
import { planQuantization } from './quantize-on-gpu.ts'

/** Kernels by name, with how their bindings are bound: a pipeline of its own for each way. */
type Kernels = Map<string, Set<string>>

function collect(plans: Iterable<Plan>): Kernels {
  const kernels: Kernels = new Map()
  for (const plan of plans) {
    for (const { kernel, access } of plan.kernels) {
      if (isProbe(kernel)) continue
      const ways = kernels.get(kernel.name) ?? new Set()
      kernels.set(kernel.name, ways.add(access.join(' ')))
    }
  }
  return kernels
}

/** All kernels that the checks of ops and of the quantizer run. */
function verifiedKernels(traits: DeviceTraits): Kernels {
  const cases = opCases(traits).flatMap((opCase) =>
    routesOf(opCase).map((route) => prepareCase(opCase, traits, route).plan),
  )
  const quantizers = quantizerCases(traits).map(({ matrix }) => planQuantization([matrix], traits).plan)
  return collect([...cases, ...quantizers])
}

const ADAPTER = { rank: 8, alpha: 16, dropout: 0, useRslora: false, targetModules: ['all-linear'] }

/** What a model's runs and its texts are made of. */
function plansOf(folder: string, dtype: Dtype, config: RunConfigInput, traits: DeviceTraits): Plan[] {
  const model = parseModelConfig(readFileSync(`${folder}/config.json`, 'utf8'))
  const batch = { batchSize: 2, sequenceLength: 48 }
  const program = buildProgram({
    model,
    dtypeOf: () => dtype,
    config: parseRunConfig(config),
    placement: config.method === 'full' ? 'all-weights' : ADAPTER,
    shapes: { train: [batch], evaluate: [batch], logits: [batch] },
    positions: 48,
    traits,
  })
  const generation = buildGeneration({ model, weights: program.weights, capacity: 64, traits })
  return [program.plan, generation.plan]
}

const DEVICES: [name: string, traits: DeviceTraits][] = [
  ['a software adapter', { ...DEFAULT_TRAITS, software: true }],
  ['a GPU', DEFAULT_TRAITS],
]

describe.each(DEVICES)('on %s', (_, traits) => {
  const verified = verifiedKernels(traits)
  const used = collect([
    ...plansOf('e2e/golden/tiny-llama', 'F32', { method: 'qlora' }, traits),
    ...plansOf('public/models/studio-tiny-3m', 'BF16', { method: 'qlora' }, traits),
    ...plansOf('public/models/studio-tiny-3m', 'BF16', { method: 'lora' }, traits),
    ...plansOf('public/models/studio-tiny-3m', 'BF16', { method: 'full' }, traits),
  ])

  test('every kernel of the golden curve and of the embedded model is held against the reference', () => {
    expect([...used.keys()].filter((name) => !verified.has(name))).toEqual([])
  })

  test('what is verified is what runs: no kernel of theirs is compiled in a second way', () => {
    const others = [...verified].flatMap(([name, ways]) => {
      const known = used.get(name)
      return [...ways].filter((way) => known && !known.has(way)).map((way) => `${name}: ${way}`)
    })
    expect(others).toEqual([])
  })
})
