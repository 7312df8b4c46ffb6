import { beforeAll, describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { RunConfig } from '../config/schema.ts'
import { runTemplate } from '../data/testing/run-template.ts'
import type { DeviceLimits } from '../graph/device.ts'
import type { Runtime } from '../graph/executable.ts'
import { laneRuntime } from '../ops/testing/lane-runtime.ts'
import { MemoryPageStore, type PageStore } from '../optim/page-store.ts'
import { memorySource } from '../util/byte-source.ts'
import { needCheckpoint } from './checkpoints.ts'
import type { RunEvent } from './events.ts'
import type { FileReference, OutputFile } from './files.ts'
import { createLocalEngine } from './local-engine.ts'
import { readDataset, runData } from './open-dataset.ts'
import { prepareRun } from './prepare-run.ts'
import { RunSession } from './run-session.ts'
import { fetchSource, type GoldenCase, goldenCase } from './testing/golden-case.ts'
import { goldenEngines, trainTo } from './testing/losing-engine.ts'

describe('a run that trains every weight', () => {
  const STEPS = 5
  let runtime: Runtime
  let golden: GoldenCase
  let whole: Awaited<ReturnType<typeof run>>
  beforeAll(async () => {
    runtime = await laneRuntime()
    golden = await goldenCase('tiny-llama-tied', 'full')
    whole = await run({})
  })

  interface Options {
    store?: PageStore
    resume?: boolean
    steps?: number
    paging?: Partial<RunConfig['optimizer']['paging']>
    limits?: Partial<DeviceLimits>
    watch?: (event: RunEvent, session: RunSession) => void
  }

  /** A run to its end, and the weights it leaves. */
  async function run({ store, resume, steps = STEPS, paging, limits, watch }: Options) {
    const config = structuredClone(golden.config)
    config.train.maxSteps = steps
    Object.assign(config.optimizer.paging, paging)
    const from = store && resume ? await needCheckpoint(store, null) : null
    const data = await runData(await readDataset(golden.rows, null, false, {}), golden.model, config)
    const traits = { ...runtime.traits, limits: { ...runtime.traits.limits, ...limits } }
    const prepared = prepareRun(golden.model, data, config, null, traits, from?.position)
    const losses: number[] = []
    const session: RunSession = new RunSession({
      model: golden.model,
      prepared,
      adapter: null,
      runtime,
      storage: store && { store, from },
      onEvent(event) {
        if (event.type === 'run/step') losses.push(event.step.metrics['train/loss'] as number)
        if (event.type === 'quant/delta_ratio') throw new Error('there is no adapter that could move')
        watch?.(event, session)
      },
    })
    await session.run()
    const weights = weightsOf(await session.exportTrained())
    session.dispose()
    return { losses, weights, program: prepared.program }
  }

  const weightsOf = (files: readonly OutputFile[]) => {
    const file = files.find(({ path }) => path === 'model.safetensors')
    if (!file) throw new Error('no weights')
    return file.bytes
  }

  it('gives the same bytes unpaged, with moments ten times the budget, and with the least', async () => {
    const moments = whole.program.plan.bytes.optimizer
    for (const gpuBudgetBytes of [Math.floor(moments / 10), 0]) {
      const { weights, program } = await run({ paging: { gpuBudgetBytes, hostBudgetBytes: 0 } })
      expect(program.plan.bytes.optimizer).toBeLessThan(moments / 7)
      expect(weights).toEqual(whole.weights)
    }
  })

  it('equals the oracle where its pools lie in several buffers, paged or not', async () => {
    const limits = { maxStorageBufferBindingSize: 96 << 10, maxBufferSize: 96 << 10 }
    const cut = await run({ limits })
    expect(cut.program.pool?.segments.length).toBeGreaterThan(4)
    for (const { sizeBytes, usage } of cut.program.plan.buffers)
      if (usage === 'storage') expect(sizeBytes).toBeLessThanOrEqual(96 << 10)
    cut.losses.forEach((loss, index) => {
      expect(Math.abs(loss / golden.loss[index] - 1)).toBeLessThan(2e-5)
    })
    const paged = await run({ limits, paging: { gpuBudgetBytes: 0, hostBudgetBytes: 0 } })
    expect(paged.weights).toEqual(cut.weights)
  })

  it('goes on from a checkpoint to the same bytes: weights and moments, in however many buffers', async () => {
    const store = new MemoryPageStore()
    await run({
      store,
      paging: { gpuBudgetBytes: 0, hostBudgetBytes: 0 },
      watch(event, session) {
        if (event.type === 'run/step' && event.step.step === 2) session.stop()
      },
    })
    const { weights, losses } = await run({ store, resume: true })
    expect(losses.length).toBeLessThan(STEPS)
    expect(weights).toEqual(whole.weights)
  })

  it('outlives its device: lost between two pages of an update, it goes on by itself to the same bytes', async () => {
    const openEngine = await goldenEngines('tiny-llama-tied', 'full', 0)
    const { engine, device, config } = await openEngine()
    const { adapter, of } = await trainTo({
      engine,
      config,
      watch(event) {
        if (event.type === 'run/checkpoint' && event.step === 2) device.loseAfter('update', 5)
      },
    })
    expect(of('run/device-lost')).toMatchObject([{ resumesFrom: 2 }])
    expect(device.opened()).toBe(2)
    expect(adapter).toEqual(whole.weights)
  })

  it('is exported as it stands between two steps, also while it trains', async () => {
    let midway: Promise<OutputFile[]> | null = null
    const { weights } = await run({
      watch(event, session) {
        if (event.type === 'run/step' && event.step.step === 2) midway = session.exportTrained()
      },
    })
    expect(weights).toEqual(whole.weights)
    const exported = weightsOf((await midway) ?? [])
    // Which step it came to, the device's pace decides.
    const after = [await run({ steps: 2 }), await run({ steps: 3 }), await run({ steps: 4 })]
    expect(after.map(({ weights }) => weights)).toContainEqual(exported)
  })
})

describe('the model that it leaves', () => {
  const NAMES = [
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]
  const url = (path: string): FileReference => ({
    kind: 'url',
    name: path.split('/').at(-1) ?? path,
    url: path,
  })
  const config = parseRunConfig({
    method: 'full',
    data: { packing: false, maxSeqLength: 64, evalFraction: 0.04 },
    train: { maxSteps: 2, batchSize: 2, gradAccumSteps: 1 },
    optimizer: { lr: 1e-3 },
  })
  const question = { prompt: 'What is the capital of Utah?', chat: true, maxNewTokens: 4, config } as const

  it('speaks and is measured as the run’s own weights are, and the base stays what it was', async () => {
    const engine = createLocalEngine({
      runtime: laneRuntime,
      resolveFile: async (reference) =>
        reference.kind === 'blob'
          ? memorySource(reference.name, new Uint8Array(await reference.blob.arrayBuffer()))
          : fetchSource((reference as { url: string }).url),
      openStore: async () => new MemoryPageStore(),
      runTemplate,
    })
    const heard = async (adapter?: 'run') => {
      const probabilities: number[] = []
      const onEvent = (event: RunEvent) => {
        if (event.type === 'generate/token') probabilities.push(event.probability)
      }
      const { text } = await engine.execute('model/generate', { ...question, adapter }, { onEvent })
      return { text, probabilities }
    }
    const files = NAMES.map((name) => url(`/models/studio-tiny-3m/${name}`))
    await engine.execute('model/open', { name: 'studio-tiny-3m', files })
    const base = await heard()
    const dataset = { file: url('/datasets/us-state-capitals.jsonl'), config }
    await engine.execute('dataset/open', dataset)

    const spoken: { base?: unknown; trained?: unknown } = {}
    let talk: Promise<void> | null = null
    const losses: number[] = []
    await engine.execute(
      'run/start',
      { config },
      {
        onEvent(event) {
          if (event.type === 'run/evaluated') losses.push(event.loss)
          if (event.type === 'run/step' && event.step.step === 1) void engine.execute('run/pause', {})
          if (event.type !== 'run/paused') return
          talk = (async () => {
            spoken.trained = await heard('run')
            spoken.base = await heard()
            await engine.execute('run/resume', {})
          })()
        },
      },
    )
    await talk
    expect(spoken.base).toEqual(base)
    expect(spoken.trained).not.toEqual(base)
    expect(losses[1]).toBeLessThan(losses[0])

    const live = await heard('run')
    const exported = await engine.execute('run/export', {})
    expect(exported.map(({ path }) => path).sort()).toEqual(NAMES)
    const references = exported.map(
      ({ path, bytes }): FileReference => ({ kind: 'blob', name: path, blob: new Blob([bytes]) }),
    )
    const summary = await engine.execute('model/open', { name: 'trained', files: references })
    expect(summary.dtype).toBe('F32')
    expect(await heard()).toEqual(live)
    // The held-out rows of the same split, before anything is trained.
    await engine.execute('dataset/open', dataset)
    const again: number[] = []
    await engine.execute(
      'run/start',
      { config: { ...config, train: { ...config.train, maxSteps: 1 } } },
      { onEvent: (event) => event.type === 'run/evaluated' && again.push(event.loss) },
    )
    expect(again[0]).toBe(losses[1])
  })
})
