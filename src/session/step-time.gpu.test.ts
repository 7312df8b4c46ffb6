import { expect, it } from 'vitest'
import { createRuntime } from '../gpu/runtime.ts'
import type { Runtime } from '../graph/executable.ts'
import { findGpu } from '../ops/testing/lane-runtime.ts'
import { initialAdapter, readAdapter, writeAdapter } from '../train/adapter-state.ts'
import { createMoments } from '../train/create-moments.ts'
import { type TrainerEvent, train } from '../train/trainer.ts'
import { readDataset, runData } from './open-dataset.ts'
import { prepareRun } from './prepare-run.ts'
import { realiseProgram } from './realise-program.ts'
import { goldenCase } from './testing/golden-case.ts'

const withoutTimes = (runtime: Runtime): Runtime => ({
  ...runtime,
  traits: { ...runtime.traits, features: { ...runtime.traits.features, timestampQuery: false } },
})
/** On a software device stretches of passes are timed, elsewhere each pass. */
const taken = (runtime: Runtime, software: boolean): Runtime => ({
  ...runtime,
  realise: (plan, options) => runtime.realise({ ...plan, traits: { ...plan.traits, software } }, options),
})

async function trained(runtime: Runtime, gpuBudgetBytes: number | null) {
  const { model, rows, config: given } = await goldenCase('tiny-llama', 'qlora')
  const config = structuredClone(given)
  config.optimizer.paging.gpuBudgetBytes = gpuBudgetBytes
  config.train.maxSteps = 5
  const data = await runData(await readDataset(rows, null, false, {}), model, config)
  const { program, steps } = prepareRun(model, data, config, null, runtime.traits)
  const { executable } = await realiseProgram(program, { model, runtime, onEvent: () => {} })
  const { pool, weights, request } = program
  if (!pool || !request.placement || request.placement === 'all-weights') throw new Error('no adapter')
  writeAdapter(executable, weights, initialAdapter(weights, 1))
  const moments = createMoments(program, executable)
  const told: (TrainerEvent & { type: 'step' })[] = []
  for await (const event of train({ executable, config, moments, steps, totalSteps: steps.totalSteps }))
    if (event.type === 'step') told.push(event)
  const description = { ...request.placement, useDora: false, baseModelName: null }
  const { modules } = await readAdapter(executable, weights, pool, description)
  const { allocatedBytes, plan } = executable
  expect(allocatedBytes).toBe(plan.totalBytes)
  executable.destroy()
  return { modules, told }
}

it.each([
  ['all moments on the GPU, pass by pass', null, false],
  ['its moments in pages, by stretches of passes', 0, true],
] as const)('with %s a step that is timed gives the same bytes', async (_, budget, software) => {
  const runtime = taken(await createRuntime(await findGpu()), software)
  const plain = await trained(withoutTimes(runtime), budget)
  expect(plain.told.every(({ time }) => time.phases === null && time.gpuMs > 0)).toBe(true)
  if (!runtime.traits.features.timestampQuery) {
    console.warn('SKIPPED: this device has no timestamp-query, so nothing is timed on it')
    return
  }
  const timed = await trained(runtime, budget)
  expect(timed.modules).toEqual(plain.modules)
  expect(timed.told.map(({ loss }) => loss)).toEqual(plain.told.map(({ loss }) => loss))
  const measured = timed.told.filter(({ time }) => time.phases)
  expect(measured.length).toBeGreaterThan(timed.told.length / 2)
  for (const { time } of measured) {
    const { forwardMs, backwardMs, updateMs } = time.phases ?? expect.fail()
    for (const part of [forwardMs, backwardMs, updateMs]) expect(part).toBeGreaterThan(0)
    for (const part of [time.pagingMs, time.waitingMs]) expect(part).toBeGreaterThanOrEqual(0)
  }
  // All that a step is made of is its time: over the run, since the host hears of single ones late.
  const sum = (of: (event: TrainerEvent & { type: 'step' }) => number) =>
    measured.reduce((total, event) => total + of(event), 0)
  const parts = sum(({ time }) => time.gpuMs + time.pagingMs + time.waitingMs)
  const ratio = parts / sum(({ durationMs }) => durationMs)
  expect(ratio).toBeGreaterThan(0.8)
  expect(ratio).toBeLessThan(1.25)
})
