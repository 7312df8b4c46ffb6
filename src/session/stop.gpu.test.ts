import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FaultyPageStore } from '../optim/testing/faulty-page-store.ts'
import type { Engine } from './engine.ts'
import type { RunEvent } from './events.ts'
import { adapterOf, goldenEngines, STEPS, storage, trainTo } from './testing/losing-engine.ts'

/** Far less than any of what would be waited for. */
const SOON_MS = 2500

let full = false
const store = new FaultyPageStore({ fails: (operation) => full && operation === 'get' })
let openEngine: Awaited<ReturnType<typeof goldenEngines>>
let opened: Opened
let whole: Awaited<ReturnType<typeof trainTo>>
beforeAll(async () => {
  openEngine = await goldenEngines()
  opened = await openEngine(store)
  whole = await trainTo(opened)
})
beforeEach(() => store.memory.values.clear())

type Opened = Awaited<ReturnType<typeof openEngine>>

/** A run that is stopped when `when` says so of an event; gives what it told, and how long it took to end. */
async function stopped(
  when: (event: RunEvent) => boolean,
  {
    of: { engine, config } = opened,
    resume,
    act = () => stop(engine),
  }: { of?: Opened; resume?: { runId: null }; act?: () => void } = {},
) {
  const events: RunEvent[] = []
  let stoppedAt = Number.NaN
  const onEvent = (event: RunEvent) => {
    events.push(event)
    if (!Number.isNaN(stoppedAt) || !when(event)) return
    stoppedAt = performance.now()
    act()
  }
  const args = { config, storage, ...(resume && { resume }) }
  const summary = await engine.execute('run/start', args, { onEvent })
  return { summary, events, tookMs: performance.now() - stoppedAt }
}

const stop = (engine: Engine) => void engine.execute('run/stop', {})
const inPhase = (phase: string) => (event: RunEvent) =>
  event.type === 'run/progress' && event.phase === phase && event.done >= 1

const resume = { runId: null }

describe('a run that is stopped before its first step', () => {
  it('while kernels are compiled for the first time ends at once', async () => {
    const of = await openEngine()
    const { summary, tookMs } = await stopped(inPhase('compiling'), { of })
    expect(summary).toMatchObject({ steps: 0, stopped: true })
    expect(tookMs).toBeLessThan(SOON_MS)
    expect(of.device.live()).toBe(0)
  })

  it.each([
    ['when it has been planned', (event: RunEvent) => event.type === 'run/started'],
    ['while weights are quantized', inPhase('quantizing')],
    ['while held-out data are evaluated', inPhase('evaluating')],
  ])('%s ends at once and leaves nothing behind', async (_, when) => {
    const { summary, events, tookMs } = await stopped(when)
    expect(summary).toMatchObject({ steps: 0, stopped: true })
    expect(tookMs).toBeLessThan(SOON_MS)
    expect(events.at(-1)).toEqual({ type: 'run/finished', summary })
    expect(events.some(({ type }) => type === 'run/step' || type === 'run/checkpoint')).toBe(false)
    expect(opened.device.live()).toBe(0)
    expect(store.memory.values.size).toBe(0)
    await expect(adapterOf(opened.engine)).rejects.toMatchObject({ code: 'run/nothing-trained' })
  })

  it('as soon as it was asked for is not prepared, and the next one runs to its end', async () => {
    const { engine, config } = opened
    const started = engine.execute('run/start', { config, storage })
    await engine.execute('run/stop', {})
    expect(await started).toMatchObject({ steps: 0, stopped: true })
    expect((await trainTo(opened)).adapter).toEqual(whole.adapter)
  })

  it('by the caller’s signal is cancelled', async () => {
    const { engine, config, device } = opened
    const cancel = new AbortController()
    const onEvent = (event: RunEvent) => inPhase('quantizing')(event) && cancel.abort()
    const cancelled = engine.execute('run/start', { config, storage }, { onEvent, signal: cancel.signal })
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    expect(device.live()).toBe(0)
  })

  it('keeps the checkpoint that it was to go on from, and what that holds', async () => {
    const { engine, config } = opened
    const first = await stopped((event) => event.type === 'run/step')
    const { steps, lastLoss } = first.summary
    expect(steps).toBeLessThan(STEPS)
    const adapter = await adapterOf(engine)
    const kept = new Map(store.memory.values)
    const second = await stopped(inPhase('quantizing'), { resume })
    expect(second.summary).toMatchObject({ steps, stopped: true, lastLoss })
    expect(new Map(store.memory.values)).toEqual(kept)
    expect(await adapterOf(engine)).toEqual(adapter)
    await engine.execute('run/start', { config, storage, resume })
    expect(await adapterOf(engine)).toEqual(whole.adapter)
  })
})

it('a step that waits for a page which a full disk does not give ends with Stop: the run is its checkpoint', async () => {
  const { engine, config } = opened
  const { summary, events, tookMs } = await stopped(
    (event) => {
      if (event.type === 'run/checkpoint') full = true
      return event.type === 'run/warning' && event.code === 'paging/store-failed'
    },
    { act: () => setTimeout(() => stop(engine), 500) },
  )
  full = false
  expect(tookMs).toBeLessThan(500 + SOON_MS)
  expect(summary).toMatchObject({ steps: 2, stopped: true })
  const warnings = events.flatMap((event) => (event.type === 'run/warning' ? [event.message] : []))
  expect(warnings.at(-1)).toMatch(/in the middle of a step that waited for the disk.*checkpoint of step 2$/)
  await engine.execute('run/start', { config, storage, resume })
  expect(await adapterOf(engine)).toEqual(whole.adapter)
})

it('a run that waits for a GPU is stopped at once, with its checkpoint kept', async () => {
  const { engine, device } = opened
  const { summary, events, tookMs } = await stopped(
    (event) => {
      if (event.type === 'run/checkpoint') device.loseForGood()
      return event.type === 'run/device-lost'
    },
    // It has begun to wait.
    { act: () => setTimeout(() => stop(engine), 1200) },
  )
  expect(tookMs).toBeLessThan(1200 + SOON_MS)
  expect(summary).toMatchObject({ steps: 2, stopped: true })
  expect(events.at(-1)?.type).toBe('run/finished')
})
