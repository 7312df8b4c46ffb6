import { beforeAll, describe, expect, it } from 'vitest'
import type { RunConfig } from '../config/schema.ts'
import { linearModules } from '../formats/llama-weights.ts'
import { type PeftAdapter, readPeftAdapter } from '../formats/peft-adapter.ts'
import { createRuntime } from '../gpu/runtime.ts'
import { watchGpu } from '../gpu/testing/watch-gpu.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import { weightTensors } from '../model/weights.ts'
import { stepValues } from '../optim/step-values.ts'
import { nmse } from '../reference/nmse.ts'
import { readAdapter, writeAdapter } from '../train/adapter-state.ts'
import { writeBatch } from '../train/batch-inputs.ts'
import { createMoments } from '../train/create-moments.ts'
import { STAGE } from '../train/program.ts'
import { type TrainerEvent, train } from '../train/trainer.ts'
import { modelLogits } from './measure-model.ts'
import { readDataset, runData } from './open-dataset.ts'
import { type PreparedRun, prepareRun } from './prepare-run.ts'
import { realiseProgram } from './realise-program.ts'
import { type GoldenCase, goldenCase } from './testing/golden-case.ts'

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime(navigator.gpu)
})

const quiet = { onEvent: () => {} }
const adapterOf = (golden: GoldenCase): Promise<PeftAdapter> =>
  readPeftAdapter(golden.adapterFiles, linearModules(golden.model.checkpoint.config))

interface Prepared {
  prepared: PreparedRun
  executable: Executable
  adapter: PeftAdapter | null
}

async function prepare(
  golden: GoldenCase,
  change: (config: RunConfig) => void = () => {},
): Promise<Prepared> {
  const config = structuredClone(golden.config)
  change(config)
  const adapter = golden.adapterFiles.length > 0 ? await adapterOf(golden) : null
  const dataset = await readDataset(golden.rows, null, false, {})
  const data = await runData(dataset, golden.model, config)
  const prepared = prepareRun(golden.model, data, config, adapter?.config ?? null, runtime.traits)
  const { executable } = await realiseProgram(prepared.program, { model: golden.model, runtime, ...quiet })
  if (adapter) writeAdapter(executable, prepared.program.weights, adapter.modules)
  return { prepared, executable, adapter }
}

async function trainAll({ prepared, executable }: Prepared): Promise<(TrainerEvent & { type: 'step' })[]> {
  const { config, program, steps } = prepared
  const moments = createMoments(program, executable)
  const done: (TrainerEvent & { type: 'step' })[] = []
  for await (const event of train({ executable, config, moments, steps, totalSteps: steps.totalSteps })) {
    if (event.type === 'step') done.push(event)
  }
  return done
}

async function finalAdapter({ prepared, executable, adapter }: Prepared): Promise<Float32Array[]> {
  const { program } = prepared
  if (!program.pool || !adapter) throw new Error('no adapter')
  const { modules } = await readAdapter(executable, program.weights, program.pool, adapter.config)
  return [...modules.values()].flatMap(({ loraA, loraB }) => [loraA, loraB])
}

const CASES = [
  ['tiny-llama', 'qlora'],
  ['tiny-llama', 'qlora-single-quant'],
  ['tiny-llama', 'lora'],
  ['tiny-llama', 'qlora-rslora'],
  ['tiny-llama-tied', 'qlora'],
  ['tiny-llama-accumulate', 'qlora'],
  ['tiny-llama-packed', 'qlora'],
  ['tiny-llama', 'full'],
  ['tiny-llama-tied', 'full'],
] as const

describe.each(CASES)('%s %s equals the oracle', (model, method) => {
  let golden: GoldenCase
  beforeAll(async () => {
    golden = await goldenCase(model, method)
  })

  it('in its first logits', async () => {
    const { shape, logits } = await modelLogits({
      model: golden.model,
      dataset: await readDataset(golden.rows, null, false, {}),
      config: golden.config,
      adapter: golden.adapterFiles.length > 0 ? await adapterOf(golden) : null,
      runtime,
      ...quiet,
    })
    const expected = golden.expected.get('logits') as Float32Array
    expect(shape[0] * shape[1] * shape[2]).toBe(expected.length)
    expect(nmse(logits, expected)).toBeLessThan(1e-11)
  })

  it('in the gradients of its first step', async () => {
    const run = await prepare(golden)
    const { prepared, executable } = run
    const data = prepared.steps.next()
    if (!data) throw new Error('no step')
    executable.run(STAGE.begin)
    data.batches.forEach((batch, microStep) => {
      const { supervisedTokens } = data
      executable.setStep({
        ...stepValues(prepared.config.optimizer, { step: 1, totalSteps: 10, supervisedTokens, seed: 0 }),
        microStep,
      })
      writeBatch(executable, batch)
      executable.run(STAGE.train(batch))
    })
    for (const tensor of prepared.program.pool?.tensors ?? []) {
      const expected = golden.expected.get(`grad.${tensor.name}`) as Float32Array
      const actual = new Float32Array(
        (await executable.read(executable.plan.tensors[`${tensor.name}.gradient`])).buffer,
      )
      expect(nmse(actual, expected), tensor.name).toBeLessThan(1e-11)
    }
    executable.destroy()
  })

  it('in every loss and gradient norm', async () => {
    const run = await prepare(golden)
    const steps = await trainAll(run)
    expect(steps).toHaveLength(golden.loss.length)
    steps.forEach(({ loss, gradNorm }, index) => {
      expect(Math.abs(loss / golden.loss[index] - 1), `loss of step ${index + 1}`).toBeLessThan(2e-5)
      expect(
        Math.abs(gradNorm / golden.gradNorm[index] - 1),
        `gradient norm of step ${index + 1}`,
      ).toBeLessThan(2e-4)
    })
    run.executable.destroy()
  })
})

describe('what must not change a run', () => {
  let golden: GoldenCase
  beforeAll(async () => {
    golden = await goldenCase('tiny-llama', 'qlora')
  })

  it('the same seed twice: identical adapters, with dropout; the base keeps its bytes', async () => {
    const withDropout = (config: RunConfig) => {
      config.lora.dropout = 0.1
      config.train.maxSteps = 4
    }
    const first = await prepare(golden, withDropout)
    const weights = weightTensors(first.prepared.program.weights)
    const { executable } = first
    const before = await Promise.all(
      weights.map(({ name }) => executable.read(executable.plan.tensors[name])),
    )
    await trainAll(first)
    for (const [index, { name }] of weights.entries()) {
      expect(await executable.read(executable.plan.tensors[name]), name).toEqual(before[index])
    }
    const second = await prepare(golden, withDropout)
    await trainAll(second)
    expect(await finalAdapter(second)).toEqual(await finalAdapter(first))
    const other = await prepare(golden, (config) => {
      withDropout(config)
      config.train.seed++
    })
    await trainAll(other)
    expect(await finalAdapter(other)).not.toEqual(await finalAdapter(first))
    for (const run of [first, second, other]) run.executable.destroy()
  })

  it('checkpointing: same losses within rounding', async () => {
    const kept = await prepare(golden, (config) => {
      config.train.gradientCheckpointing = false
    })
    const replayed = await prepare(golden)
    const [a, b] = [await trainAll(kept), await trainAll(replayed)]
    for (const [index, { loss }] of a.entries()) expect(Math.abs(loss / b[index].loss - 1)).toBeLessThan(1e-6)
    expect(replayed.executable.plan.bytes.activations).toBeLessThan(kept.executable.plan.bytes.activations)
    kept.executable.destroy()
    replayed.executable.destroy()
  })

  it('accumulation: one batch of all rows gives the same gradients', async () => {
    const accumulated = await goldenCase('tiny-llama-accumulate', 'qlora')
    const oneBatch = (config: RunConfig) => {
      config.train.batchSize *= config.train.gradAccumSteps
      config.train.gradAccumSteps = 1
      config.train.maxSteps = 3
    }
    const [a, b] = [await prepare(accumulated), await prepare(accumulated, oneBatch)]
    const [parts, whole] = [await trainAll(a), await trainAll(b)]
    whole.forEach(({ loss, gradNorm }, index) => {
      expect(Math.abs(loss / parts[index].loss - 1)).toBeLessThan(2e-6)
      expect(Math.abs(gradNorm / parts[index].gradNorm - 1)).toBeLessThan(2e-5)
    })
    a.executable.destroy()
    b.executable.destroy()
  })

  it('an adapter with B = 0: the logits of the base', async () => {
    const adapter = await adapterOf(golden)
    const zeroed = new Map(
      [...adapter.modules].map(([name, { loraA, loraB }]) => [
        name,
        { loraA, loraB: new Float32Array(loraB.length) },
      ]),
    )
    const measure = async (with_: PeftAdapter | null) =>
      (
        await modelLogits({
          model: golden.model,
          dataset: await readDataset(golden.rows, null, false, {}),
          config: golden.config,
          adapter: with_,
          runtime,
          ...quiet,
        })
      ).logits
    expect(await measure({ ...adapter, modules: zeroed })).toEqual(await measure(null))
  })
})

describe('the path of a step', () => {
  it.each([
    ['all moments on the GPU', null],
    ['its moments in pages', 0],
  ] as const)(
    'with %s creates no GPU object and maps only what is ready after the second step',
    async (_, gpuBudgetBytes) => {
      const golden = await goldenCase('tiny-llama', 'qlora')
      const run = await prepare(golden, ({ optimizer }) => {
        optimizer.paging.gpuBudgetBytes = gpuBudgetBytes
      })
      const { prepared, executable } = run
      const { calls, restore } = watchGpu()
      try {
        const { config, program, steps } = prepared
        const moments = createMoments(program, executable)
        let done = 0
        for await (const event of train({
          executable,
          config,
          moments,
          steps,
          totalSteps: steps.totalSteps,
        })) {
          if (event.type === 'step' && ++done === 2) calls.length = 0
        }
        expect(done).toBe(10)
        expect(calls.length).toBeGreaterThan(0)
        const permitted = gpuBudgetBytes === null ? /^mapAsync ring\.\d$/ : /^mapAsync (ring|transfer)\.\d$/
        for (const call of calls) expect(call).toMatch(permitted)
        expect(calls.some((call) => call.includes('transfer'))).toBe(gpuBudgetBytes !== null)
        expect(executable.allocatedBytes).toBe(executable.plan.totalBytes)
      } finally {
        restore()
      }
      executable.destroy()
    },
  )
})
