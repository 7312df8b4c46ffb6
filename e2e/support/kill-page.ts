import { expect } from '@playwright/test'
import type { RunConfig } from '../../src/config/schema.ts'
import type { Engine } from '../../src/session/engine.ts'
import type { RunEvent } from '../../src/session/events.ts'
import { uniform } from '../../src/util/random.ts'
import { resultOf, storage, WAYS, withHeadlessRuns } from './headless-runs.ts'

/** A kill comes so many steps after its page went on; 0: while it restores what was saved. */
const LATEST_KILL_STEPS = 5
/** And so much later, to be anywhere in a step. */
const LATEST_KILL_MS = 150
/** With room for what a fast machine does in that time. */
const STEPS_PER_KILL = 16

export interface KillReport {
  /** What each kill hit, for the report of a failure. */
  moments: string[]
  /** Kills that left something newer than the checkpoint: a page on its way, or half a checkpoint. */
  midWrite: number
}

/**
 * Trains in a real page on IndexedDB, once without and once with kills at random moments, going on from the checkpoint
 * after each: both must leave the same tensors. Most kills hit a write.
 */
export function checkPageKills(kills: number, seed: number, name?: string): Promise<KillReport> {
  return withHeadlessRuns(
    STEPS_PER_KILL * kills + LATEST_KILL_STEPS,
    async ({ browser, config, open, whole }) => {
      const report: KillReport = { moments: [], midWrite: 0 }
      const told = () => `seed ${seed}; ${report.moments.join('; ')}`
      for (let kill = 0; kill < kills; kill++) {
        const way = WAYS[Math.floor(uniform(seed, 3 * kill) * WAYS.length)]
        const steps = Math.floor(uniform(seed, 3 * kill + 1) * (LATEST_KILL_STEPS + 1))
        const waitMs = Math.floor(uniform(seed, 3 * kill + 2) * LATEST_KILL_MS)
        const step = await trainUntil(await open(), config, steps, () => browser.kill(way, waitMs))
        const { saved, newer } = await browser.stored()
        if (newer > 0) report.midWrite++
        report.moments.push(
          `${way} after ${steps} steps and ${waitMs} ms at step ${step}, saved at ${saved}, ${newer} newer`,
        )
      }
      const last = await open()
      await last.execute('run/start', { config, ...(await resumption(last)) })
      expect(await resultOf(last), told()).toEqual(whole)
      return report
    },
    name,
  )
}

/** Goes on with the run that the browser holds, or begins one; the last step told before the page was killed. */
async function trainUntil(
  engine: Engine,
  config: RunConfig,
  steps: number,
  kill: () => Promise<void>,
): Promise<number> {
  let step = 0
  let done = 0
  let killed: Promise<void> | undefined
  const onEvent = (event: RunEvent) => {
    const isLoaded =
      event.type === 'run/progress' && event.phase === 'quantizing' && event.done === event.total
    if (event.type === 'run/step') {
      step = event.step.step
      done++
    }
    if ((isLoaded || event.type === 'run/step') && done >= steps) killed ??= kill()
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
