import { beforeAll, describe, expect, it } from 'vitest'
import type { RunConfig } from '../config/schema.ts'
import type { Runtime } from '../graph/executable.ts'
import { laneRuntime } from '../ops/testing/lane-runtime.ts'
import { MemoryPageStore, type PageStore } from '../optim/page-store.ts'
import { FaultyPageStore } from '../optim/testing/faulty-page-store.ts'
import { ARITHMETIC } from '../train/arithmetic.ts'
import { listCheckpoints, needCheckpoint } from './checkpoints.ts'
import type { RunEvent } from './events.ts'
import { readDataset, runData } from './open-dataset.ts'
import { prepareRun } from './prepare-run.ts'
import { noLocks } from './run-locks.ts'
import { RunSession } from './run-session.ts'
import { type GoldenCase, goldenCase } from './testing/golden-case.ts'

let runtime: Runtime
let golden: GoldenCase
beforeAll(async () => {
  runtime = await laneRuntime()
  golden = await goldenCase('tiny-llama', 'qlora')
})

const STEPS = 8

interface Options {
  store?: PageStore
  /** Goes on with the run that the store holds. */
  resume?: boolean
  paging?: Partial<RunConfig['optimizer']['paging']>
  saveEvery?: number
  signal?: AbortSignal
  /** Called with every event, and with the session that tells it. */
  watch?: (event: RunEvent, session: RunSession) => void
}

/** A run to its end, and the adapter file it leaves. */
async function run({ store, resume, paging, saveEvery = 0, signal, watch }: Options) {
  const config = structuredClone(golden.config)
  Object.assign(config.train, { maxSteps: STEPS, saveEvery })
  Object.assign(config.optimizer.paging, paging)
  config.lora.dropout = 0.1
  const from = store && resume ? await needCheckpoint(store, null) : null
  const data = await runData(await readDataset(golden.rows, null, false, {}), golden.model, config)
  const prepared = prepareRun(golden.model, data, config, null, runtime.traits, from?.position)
  const events: RunEvent[] = []
  const session: RunSession = new RunSession({
    model: golden.model,
    prepared,
    adapter: null,
    runtime,
    storage: store && { store, from },
    signal,
    onEvent(event) {
      events.push(event)
      watch?.(event, session)
    },
  })
  const summary = await session.run()
  const [weights] = (await session.exportTrained()).filter(({ path }) => path.endsWith('.safetensors'))
  session.dispose()
  const of = <T extends RunEvent['type']>(type: T) =>
    events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type)
  return { summary, adapter: weights.bytes, events, of }
}

const ALL_THROUGH_THE_STORE = { gpuBudgetBytes: 0, hostBudgetBytes: 0 }

describe('a run', () => {
  let whole: Awaited<ReturnType<typeof run>>
  beforeAll(async () => {
    whole = await run({})
  })

  it('gives the same adapter however its moments are paged, and tells where the pages are', async () => {
    for (const paging of [
      { gpuBudgetBytes: 0 },
      ALL_THROUGH_THE_STORE,
      { gpuBudgetBytes: 60_000 },
      { gpuBudgetBytes: 1 << 30 },
    ]) {
      const paged = await run({ paging, store: new MemoryPageStore() })
      expect(paged.adapter).toEqual(whole.adapter)
      const states = paged.of('paging/state')
      expect(states.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1))
      // The events' own sums, step by step, are the pager's totals.
      const last = states[STEPS - 1].paging
      const moved = paged
        .of('run/step')
        .reduce((sum, { step }) => sum + (step.metrics['paging/bytes_to_gpu'] ?? Number.NaN), 0)
      expect(moved).toBe(last.bytesToGpu)
      const [started] = paged.of('run/started')
      const onGpu = last.residency.filter((place) => place === 'gpu').length * last.pageBytes
      expect(onGpu).toBeGreaterThanOrEqual(started.plannedBytes.optimizer)
    }
  })

  it('is saved when it is paused, and goes on elsewhere to the same bytes', async () => {
    const store = new MemoryPageStore()
    let paused = 0
    const first = await run({
      store,
      paging: ALL_THROUGH_THE_STORE,
      watch(event, session) {
        if (event.type === 'run/step' && event.step.step === 3) session.pause()
        if (event.type !== 'run/paused') return
        paused = event.step
        // It is stopped here: what comes after is another session.
        session.stop()
      },
    })
    expect(paused).toBeGreaterThanOrEqual(3)
    expect(first.summary).toMatchObject({ steps: paused, stopped: true })
    const order = first.events
      .map(({ type }) => type)
      .filter((type) => type === 'run/checkpoint' || type === 'run/paused')
    expect(order).toEqual(['run/checkpoint', 'run/paused'])

    const second = await run({ store, resume: true })
    expect(second.of('run/started')[0]).toMatchObject({
      resumedFrom: paused,
      runId: first.summary.runId,
      // Who listens may not have come to keep these.
      recent: first.of('run/step').map(({ step }) => step),
    })
    expect(second.adapter).toEqual(whole.adapter)
    expect(
      [...first.of('run/step'), ...second.of('run/step')].map(({ step }) => step.metrics['train/loss']),
    ).toEqual(whole.of('run/step').map(({ step }) => step.metrics['train/loss']))
    expect(second.summary).toMatchObject({
      steps: STEPS,
      stopped: false,
      firstLoss: whole.summary.firstLoss,
      lastLoss: whole.summary.lastLoss,
      supervisedTokens: whole.summary.supervisedTokens,
    })
  })

  it('goes on from a checkpoint of a version before the arithmetic had a number, and says that bytes differ', async () => {
    const store = new MemoryPageStore()
    const first = await run({
      store,
      watch(event, session) {
        if (event.type === 'run/step') session.stop()
      },
    })
    const key = `${first.summary.runId}/checkpoint.json`
    const { arithmetic, ...older } = JSON.parse(new TextDecoder().decode(store.values.get(key)))
    expect(arithmetic).toBe(ARITHMETIC)
    older.identity.kernels = { 'matmul of another version': 'hash' }
    store.values.set(key, new TextEncoder().encode(JSON.stringify(older)))
    const second = await run({ store, resume: true })
    expect(second.summary.steps).toBe(STEPS)
    const [warning] = second.of('run/warning')
    expect(warning.code).toBe('checkpoint/other-arithmetic')
    expect(warning.message).toMatch(/not to the same bytes as an uninterrupted one, because/)
  })

  it('ends when it is cancelled while it is held', async () => {
    const cancel = new AbortController()
    const told: string[] = []
    const cancelled = run({
      signal: cancel.signal,
      watch(event, session) {
        told.push(event.type)
        if (event.type === 'run/step' && event.step.step === 2) session.pause()
        if (event.type === 'run/paused') setTimeout(() => cancel.abort(), 0)
      },
    })
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    expect(told).toContain('run/paused')
    expect(told).not.toContain('run/resumed')
  })

  it('is saved every so many steps, on demand, and at its end', async () => {
    const store = new MemoryPageStore()
    const saves: Promise<{ step: number }>[] = []
    const { of, summary } = await run({
      store,
      saveEvery: 3,
      watch(event, session) {
        if (event.type === 'run/step' && event.step.step === 4) saves.push(session.save())
      },
    })
    const [onDemand] = (await Promise.all(saves)).map(({ step }) => step)
    expect([4, 5]).toContain(onDemand)
    expect(of('run/checkpoint').map(({ step }) => step)).toEqual([...new Set([3, onDemand, 6, STEPS])])
    expect(await listCheckpoints(store, noLocks)).toMatchObject([
      { runId: summary.runId, step: STEPS, totalSteps: STEPS, summary: { steps: STEPS } },
    ])
  })

  it('whose store fails goes on to the same bytes, with one warning', async () => {
    const fails = (from: number) =>
      new FaultyPageStore({ fails: (operation, count) => operation === 'put' && count >= from })
    for (const from of [0, 20]) {
      const { adapter, of } = await run({ store: fails(from), saveEvery: 2, paging: ALL_THROUGH_THE_STORE })
      expect(adapter).toEqual(whole.adapter)
      expect(of('run/warning')).toHaveLength(1)
    }
  })
})
