import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
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

const namesIn = ({ kernels }: Plan) =>
  kernels.filter(({ kernel }) => !isProbe(kernel)).map(({ kernel }) => kernel.name)

/** Names of all kernels that the checks of ops and of the quantizer run. */
function verifiedKernels(traits: DeviceTraits): Set<string> {
  const names = new Set<string>()
  for (const opCase of opCases(traits)) {
    for (const route of routesOf(opCase))
      for (const name of namesIn(prepareCase(opCase, traits, route).plan)) names.add(name)
  }
  for (const { matrix } of quantizerCases())
    for (const name of namesIn(planQuantization([matrix], traits).plan)) names.add(name)
  return names
}

const ADAPTER = { rank: 8, alpha: 16, dropout: 0, useRslora: false, targetModules: ['all-linear'] }

/** Names of all kernels that a model's runs and its texts are made of. */
function usedKernels(folder: string, dtype: Dtype, config: RunConfigInput, traits: DeviceTraits): string[] {
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
  return [...new Set([...namesIn(program.plan), ...namesIn(generation.plan)])]
}

const DEVICES: [name: string, traits: DeviceTraits][] = [
  ['a software adapter', { ...DEFAULT_TRAITS, software: true }],
  ['a GPU', DEFAULT_TRAITS],
]

test.each(DEVICES)(
  'on %s every kernel of the golden curve and of the embedded model is held against the reference',
  (_, traits) => {
    const verified = verifiedKernels(traits)
    const used = [
      ...usedKernels('e2e/golden/tiny-llama', 'F32', { method: 'qlora' }, traits),
      ...usedKernels('public/models/studio-tiny-3m', 'BF16', { method: 'qlora' }, traits),
      ...usedKernels('public/models/studio-tiny-3m', 'BF16', { method: 'lora' }, traits),
      ...usedKernels('public/models/studio-tiny-3m', 'BF16', { method: 'full' }, traits),
    ]
    expect([...new Set(used)].filter((name) => !verified.has(name))).toEqual([])
  },
)
