import type { StoreApi } from 'zustand/vanilla'
import type { OutputFile } from '../../src/session/files.ts'
import { deviceName } from '../features/device/device-name.ts'
import type { History } from './history.ts'
import { type RunStart, withEarlier } from './history-record.ts'
import { isLive, type RunState } from './run.ts'
import type { Stores } from './stores.ts'

/** A page that is killed loses at most this much of a curve; one that goes in order writes before it does. */
const WRITE_INTERVAL_MS = 2000

interface RecorderOptions {
  run: StoreApi<RunState>
  history: History
  /** What is known of the run that has just begun. */
  describe: () => Omit<RunStart, 'id'> | null
  /** What a run that ended well has made. */
  exportFiles: () => Promise<OutputFile[]>
  intervalMs?: number
}

/**
 * Keeps every run in the history as it goes, by watching its state. A run that goes on from a checkpoint gets back what
 * was measured before it: its curve continues.
 */
export function recordRuns({
  run,
  history,
  describe,
  exportFiles,
  intervalMs = WRITE_INTERVAL_MS,
}: RecorderOptions) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let begun = Promise.resolve()

  async function begin(id: string) {
    const start = describe()
    if (!start) return
    const earlier = await history.begin({ id, ...start })
    if (earlier) run.setState((state) => (state.runId === id ? withEarlier(state, earlier) : state))
  }

  async function end(id: string, ended: RunState) {
    clearTimeout(timer)
    timer = undefined
    await begun
    const files = ended.status === 'finished' ? await exportFiles().catch(() => []) : []
    const now = run.getState()
    await history.finish(id, now.runId === id ? now : ended, files)
  }

  /** A run that was stopped before its first step leaves nothing; one that was to go on stays as it was. */
  async function forget(id: string) {
    clearTimeout(timer)
    timer = undefined
    await begun
    await history.abandon(id)
  }

  function write(id: string) {
    clearTimeout(timer)
    timer = undefined
    const state = run.getState()
    if (state.runId === id) void history.append(id, state)
  }

  const stop = run.subscribe((state, before) => {
    const id = state.runId
    if (before.runId !== null && isLive(before.status) && state.status === 'idle') void forget(before.runId)
    if (id === null) return
    const isAnother = before.runId !== id || state.steps.length < before.steps.length
    if (isAnother) begun = begin(id)
    const ended = state.status === 'finished' || state.status === 'failed'
    if (ended && (isAnother || state.status !== before.status)) void end(id, state)
    else if (!ended) timer ??= setTimeout(write, intervalMs, id)
  })

  return {
    stop,
    /** Writes what has been waiting for its turn: the page may go at any moment. */
    writeNow() {
      const { runId } = run.getState()
      if (timer !== undefined && runId !== null) write(runId)
    },
  }
}

/** What the studio knows of a run that it starts; null before model, data and recipe are ready. */
export function runStart({ model, dataset, device, recipe }: Stores): Omit<RunStart, 'id'> | null {
  const { config } = recipe.getState()
  if (!config) return null
  const { report } = device.getState()
  return {
    model: model.getState().summary?.name ?? '',
    dataset: dataset.getState().summary?.name ?? '',
    device: report ? deviceName(report) : '',
    config,
  }
}
