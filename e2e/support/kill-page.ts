import { expect } from '@playwright/test'
import type { RunConfig } from '../../src/config/schema.ts'
import type { Engine } from '../../src/session/engine.ts'
import type { RunEvent } from '../../src/session/events.ts'
import { uniform } from '../../src/util/random.ts'
import { adapterOf, storage, WAYS, withHeadlessRuns } from './headless-runs.ts'

/** Steps that a run comes forward between two kills, about. */
const STEPS_PER_KILL = 5
/** After the weights are there: restoring, then training and saving. */
const LATEST_KILL_MS = 1500

export interface KillReport {
  /** What each kill hit, for the report of a failure. */
  moments: string[]
  /** Kills that left something newer than the checkpoint: a page on its way, or half a checkpoint. */
  midWrite: number
}

/**
 * Trains in a real page on IndexedDB, once without and once with kills at random moments, going on from the checkpoint
 * after each: both must leave the same adapter. Most kills hit a write.
 */
export function checkPageKills(kills: number, seed: number): Promise<KillReport> {
  return withHeadlessRuns(STEPS_PER_KILL * (kills + 1), async ({ browser, config, open, whole }) => {
    const report: KillReport = { moments: [], midWrite: 0 }
    const told = () => `seed ${seed}; ${report.moments.join('; ')}`
    for (let kill = 0; kill < kills; kill++) {
      const way = WAYS[Math.floor(uniform(seed, 2 * kill) * WAYS.length)]
      const waitMs = Math.floor(uniform(seed, 2 * kill + 1) * LATEST_KILL_MS)
      const step = await trainUntil(await open(), config, () => browser.kill(way, waitMs))
      const { saved, newer } = await browser.stored()
      if (newer > 0) report.midWrite++
      report.moments.push(`${way} after ${waitMs} ms at step ${step}, saved at ${saved}, ${newer} newer`)
    }
    const last = await open()
    await last.execute('run/start', { config, ...(await resumption(last)) })
    expect(await adapterOf(last), told()).toEqual(whole)
    return report
  })
}

/** Goes on with the run that the browser holds, or begins one; the last step told before the page was killed. */
async function trainUntil(engine: Engine, config: RunConfig, kill: () => Promise<void>): Promise<number> {
  let step = 0
  let killed: Promise<void> | undefined
  const onEvent = (event: RunEvent) => {
    if (event.type === 'run/step') step = event.step.step
    // The weights are there.
    if (event.type === 'run/progress' && event.phase === 'quantizing' && event.done === event.total)
      killed ??= kill()
  }
  const ended = engine.execute('run/start', { config, ...(await resumption(engine)) }, { onEvent })
  const outcome = await ended.then(
    () => 'finished',
    () => 'killed',
  )
  await killed
  expect(outcome, `step ${step}`).toBe('killed')
  return step
}

/** How the run under way is gone on with; the worker of a killed page may hold it for a moment longer. */
async function resumption(engine: Engine) {
  for (let attempt = 0; ; attempt++) {
    const [found] = await engine.execute('checkpoint/list', { storage })
    if (!found) return { storage }
    if (!found.inUse) return { storage, resume: { runId: found.runId } }
    if (attempt === 50) throw new Error('the run is still held by a page that is gone')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
