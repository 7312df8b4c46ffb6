import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { RunEvent, RunSummary } from '../../src/session/events.ts'
import { createHistory } from './history.ts'
import { type Entries, memoryEntries } from './history-entries.ts'
import { pageLiveness } from './history-liveness.ts'
import { type Permanence, storagePermanence } from './history-permanence.ts'
import { recordRuns } from './history-recorder.ts'
import { foldRunEvent, idleRun, type RunState } from './run.ts'

const summary = {
  stopped: false,
  lastLoss: 1,
  evalLoss: null,
  tokensPerSecond: 9,
  durationMs: 50,
} as RunSummary

const started = (resumedFrom?: number): RunEvent => ({
  type: 'run/started',
  runId: 'run-1',
  totalSteps: 5000,
  plannedBytes: {} as never,
  totalBytes: 237,
  trainableParameters: 5,
  resumedFrom,
})
const step = (number: number, loss = 10 / number): RunEvent => ({
  type: 'run/step',
  step: { step: number, metrics: { 'train/loss': loss, 'speed/tokens_per_second': 7 } },
  totalSteps: 5000,
  secondsLeft: null,
})
const evaluated = (at: number, loss: number): RunEvent => ({
  type: 'run/evaluated',
  step: at,
  loss,
  perplexity: 2,
  supervisedTokens: 3,
})
const steps = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => step(from + index))

const adapter = [{ path: 'adapter/adapter_config.json', bytes: new TextEncoder().encode('{}') }]

/** A page: its own stores over the browser's entries and locks. */
function openPage(entries: Entries, held = new Set<string>()) {
  const run = createStore<RunState>(() => idleRun)
  const history = createHistory({
    entries,
    liveness: {
      hold(id) {
        held.add(id)
        return () => held.delete(id)
      },
      isHeld: async (id) => held.has(id),
    },
  })
  const start = { model: 'tiny', dataset: 'capitals.jsonl', device: 'GPU', config: { train: { seed: 1 } } }
  const recorder = recordRuns({ run, history, describe: () => start, exportFiles: async () => adapter })
  return {
    recorder,
    history,
    records: () => history.store.getState().records,
    tell: (...events: RunEvent[]) => run.setState((state) => events.reduce(foldRunEvent, state)),
    run,
  }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a run', () => {
  it('that was stopped before its first step leaves nothing; one that was to go on stays as it was', async () => {
    const entries = memoryEntries()
    const page = openPage(entries)
    const stopped = (steps: number): RunEvent => ({
      type: 'run/finished',
      summary: { ...summary, stopped: true, steps },
    })
    page.tell(started())
    page.tell(stopped(0))
    await vi.advanceTimersByTimeAsync(10)
    expect([page.records(), await entries.keys()]).toEqual([[], []])

    page.tell(started(), ...steps(1, 20))
    page.tell(stopped(20))
    await vi.advanceTimersByTimeAsync(10)
    const [before] = page.records()
    page.run.setState(idleRun, true)
    page.tell(started(20))
    await vi.advanceTimersByTimeAsync(2500)
    expect(page.records()).toMatchObject([{ status: 'running' }])
    page.tell(stopped(20))
    await vi.advanceTimersByTimeAsync(10)
    expect(page.run.getState()).toEqual(idleRun)
    expect(page.records()).toMatchObject([
      { status: 'stopped', step: 20, summary: before.summary, files: before.files },
    ])
    expect((await page.history.read('run-1'))?.steps.length).toBe(20)
  })

  it('is kept from its start to its end, with its adapter', async () => {
    const entries = memoryEntries()
    const page = openPage(entries)
    page.tell(started())
    page.tell(...steps(1, 1500), evaluated(1500, 0.5))
    await vi.advanceTimersByTimeAsync(2000)
    page.tell(...steps(1501, 2600), { type: 'run/finished', summary })
    await vi.advanceTimersByTimeAsync(10)

    const other = openPage(entries)
    await other.history.open()
    expect(other.records()).toMatchObject([
      { name: 'capitals 1', status: 'finished', step: 2600, evalLoss: 0.5, model: 'tiny', totalSteps: 5000 },
    ])
    const kept = await other.history.read('run-1')
    expect([...(kept?.steps ?? [])]).toEqual([...page.run.getState().steps])
    expect(kept?.detail.log).toEqual(page.run.getState().log)
    expect(await other.history.readFiles('run-1')).toEqual(adapter)
    expect(other.records()[0].sizeBytes).toBeGreaterThan(2600 * 24)
    expect(other.records()[0].sparkline.steps.length).toBeLessThan(50)
  })

  it('loses at most the last seconds to a reload, is then interrupted, and goes on as the same record', async () => {
    const entries = memoryEntries()
    const held = new Set<string>()
    const page = openPage(entries, held)
    page.tell(started(), ...steps(1, 1200), evaluated(1000, 0.7))
    await vi.advanceTimersByTimeAsync(2000)
    page.tell(...steps(1201, 1300))

    const beside = openPage(entries, held)
    await beside.history.open()
    expect(beside.records()).toMatchObject([{ status: 'running', step: 1200 }])

    held.clear()
    const after = openPage(entries, held)
    await after.history.open()
    expect(after.records()).toMatchObject([{ status: 'interrupted', step: 1200 }])
    await after.history.change('run-1', { notes: 'went away' })
    after.tell(started(1100))
    after.tell(step(1101, 77))
    await vi.advanceTimersByTimeAsync(10)
    expect([...after.run.getState().steps.steps]).toEqual(
      Array.from({ length: 1101 }, (_, index) => index + 1),
    )
    expect(after.run.getState().evaluations).toMatchObject([{ step: 1000 }])
    after.tell({ type: 'run/finished', summary })
    await vi.advanceTimersByTimeAsync(10)
    expect(after.records()).toMatchObject([{ status: 'finished', notes: 'went away', step: 1101 }])
    const kept = await after.history.read('run-1')
    expect(kept?.steps.length).toBe(1101)
    expect(kept?.steps.last?.metrics['train/loss']).toBe(77)
    expect(kept?.detail.log.map(({ kind }) => kind)).toEqual(['started', 'evaluated', 'started', 'finished'])
  })

  it('goes on when the browser lets nothing be kept, and says so', async () => {
    const entries = memoryEntries()
    const page = openPage({ ...entries, write: () => Promise.reject(new Error('disk full')) })
    page.tell(started(), ...steps(1, 3))
    await vi.advanceTimersByTimeAsync(2000)
    expect(page.records()).toMatchObject([{ step: 3, status: 'running' }])
    expect(page.history.store.getState().failure?.message).toBe('disk full')
  })

  it('is gone with everything of it when it is deleted, and no other run with it', async () => {
    const entries = memoryEntries()
    const page = openPage(entries)
    page.tell(started(), ...steps(1, 3), { type: 'run/finished', summary })
    await vi.advanceTimersByTimeAsync(10)
    const kept = await page.history.read('run-1')
    if (!kept) throw new Error('nothing kept')
    const { id } = await page.history.add(
      { ...kept, record: { ...kept.record, id: 'elsewhere' } },
      adapter,
      'x.nibblerun',
    )
    expect(await page.history.add(kept, [], 'again')).toEqual({ id: 'run-1', isNew: false })
    await page.history.remove(['run-1'])
    expect((await entries.keys()).every((name) => name.includes(id))).toBe(true)
    expect((await page.history.read(id))?.steps.length).toBe(3)
  })

  it('is written in pieces: late writes do not grow with its length', async () => {
    const entries = memoryEntries()
    let written = 0
    const counting: Entries = {
      ...entries,
      write(puts, removals) {
        for (const [name, value] of puts)
          if (name.startsWith('steps/')) written += (value as { steps: Float64Array }).steps.length
        return entries.write(puts, removals)
      },
    }
    const page = openPage(counting)
    page.tell(started(), ...steps(1, 50_000))
    await vi.advanceTimersByTimeAsync(2000)
    written = 0
    page.tell(step(50_001))
    await vi.advanceTimersByTimeAsync(2000)
    expect(written).toBeLessThanOrEqual(1024)
  })
})

describe('a page that goes away', () => {
  it('writes the steps that were waiting for their turn, at once', async () => {
    const entries = memoryEntries()
    const page = openPage(entries)
    page.tell(started(), ...steps(1, 1200))
    await vi.advanceTimersByTimeAsync(2000)
    page.tell(...steps(1201, 1300))
    page.recorder.writeNow()
    // No time passes: what the page does now is all that it still does.
    await vi.advanceTimersByTimeAsync(0)
    const after = openPage(entries)
    await after.history.open()
    expect(after.records()).toMatchObject([{ status: 'interrupted', step: 1300 }])
    expect((await after.history.read('run-1'))?.steps.length).toBe(1300)
  })

  it('reads nothing before it writes: a browser lets it begin one thing, not wait for another', async () => {
    const entries = memoryEntries()
    const page = openPage(entries)
    page.tell(started(), ...steps(1, 3))
    await vi.advanceTimersByTimeAsync(2000)
    const asked: string[] = []
    for (const name of ['keys', 'get', 'write'] as const) {
      const act = entries[name].bind(entries) as (...args: unknown[]) => Promise<never>
      entries[name] = (...args: unknown[]) => {
        asked.push(name)
        return act(...args)
      }
    }
    page.tell(...steps(4, 5))
    page.recorder.writeNow()
    await vi.advanceTimersByTimeAsync(0)
    expect(asked).toEqual(['write'])
    page.recorder.writeNow()
    await vi.advanceTimersByTimeAsync(2000)
    expect(asked).toEqual(['write'])
  })
})

it('what a run made can be deleted, and the run stays with its curve', async () => {
  const entries = memoryEntries()
  const history = createHistory({ entries, liveness: pageLiveness })
  await history.begin({ id: 'a', model: 'tiny', dataset: 'x.jsonl', device: 'GPU', config: {} })
  const run = [started(), ...steps(1, 3)].reduce(foldRunEvent, idleRun)
  await history.append('a', run)
  await history.removeFiles('a')
  await history.finish('a', run, adapter)
  const [whole] = history.store.getState().records
  expect(await history.readFiles('a')).toEqual(adapter)
  await history.removeFiles('a')
  const [without] = history.store.getState().records
  expect(without).toMatchObject({ files: [], sizeBytes: whole.sizeBytes - adapter[0].bytes.length })
  expect(await history.readFiles('a')).toEqual([])
  const again = createHistory({ entries, liveness: pageLiveness })
  await again.open()
  expect(again.store.getState().records).toMatchObject([{ files: [], sizeBytes: without.sizeBytes }])
  expect((await again.read('a'))?.steps.length).toBe(3)
})

describe('what is kept', () => {
  const permanence = (granted: boolean, answer: boolean) => {
    const asked: string[] = []
    return {
      asked,
      isGranted: async () => granted,
      async ask() {
        asked.push('ask')
        return answer
      },
    }
  }
  const openWith = (permanence: Permanence | null) =>
    createHistory({ entries: memoryEntries(), liveness: pageLiveness, permanence })
  const start = { id: 'a', model: 'tiny', dataset: 'x.jsonl', device: 'GPU', config: {} }

  it.each([true, false])(
    'is asked to stay when the first run is kept, once (granted: %s)',
    async (answer) => {
      const browser = permanence(false, answer)
      const history = openWith(browser)
      await history.open()
      expect(history.store.getState().isPermanent).toBe(false)
      expect(browser.asked).toEqual([])
      await history.begin(start)
      await history.begin({ ...start, id: 'b' })
      expect(browser.asked).toEqual(['ask'])
      expect(history.store.getState().isPermanent).toBe(answer)
    },
  )

  it('is not asked for where it stays already, or where the browser does not say', async () => {
    const browser = permanence(true, false)
    const history = openWith(browser)
    await history.open()
    await history.begin(start)
    expect(browser.asked).toEqual([])
    expect(history.store.getState().isPermanent).toBe(true)
    const silent = openWith(storagePermanence(undefined))
    await silent.open()
    await silent.begin(start)
    expect(silent.store.getState().isPermanent).toBeNull()
  })
})
