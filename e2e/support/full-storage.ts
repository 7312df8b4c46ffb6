import { expect } from '@playwright/test'
import type { Engine } from '../../src/session/engine.ts'
import type { RunEvent } from '../../src/session/events.ts'
import { type HeadlessRuns, storage } from './headless-runs.ts'

export interface FullStorageRun {
  warnings: Extract<RunEvent, { type: 'run/warning' }>[]
  /** Steps at whose end a checkpoint was kept. */
  saved: number[]
  /** How many steps were done when the storage was found to be full. */
  fullAt: number | null
}

/** A run to its end where the page may keep no more than `quotaBytes` in all. `watch` is told of every event. */
export async function trainWithin(
  { browser, config }: HeadlessRuns,
  engine: Engine,
  quotaBytes: number,
  watch: (event: RunEvent) => void = () => {},
): Promise<FullStorageRun> {
  await browser.limitStorage(quotaBytes)
  const run: FullStorageRun = { warnings: [], saved: [], fullAt: null }
  let step = 0
  const onEvent = (event: RunEvent) => {
    if (event.type === 'run/step') step = event.step.step
    if (event.type === 'run/checkpoint') run.saved.push(event.step)
    if (event.type === 'run/warning') {
      run.warnings.push(event)
      run.fullAt ??= step
    }
    watch(event)
  }
  const summary = await engine.execute('run/start', { config, storage }, { onEvent })
  expect(summary.steps).toBe(config.train.maxSteps)
  return run
}

/** The one warning of a run whose storage was full, in words. */
export function expectOneWarning({ warnings }: FullStorageRun): void {
  expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('has no more room')])
  expect(warnings[0].fix).toMatch(/Free space on the disk.*checkpoint/)
}

/** Deletes what the page's runs have kept. */
export async function clear(engine: Engine): Promise<void> {
  for (const { runId } of await engine.execute('checkpoint/list', { storage }))
    await engine.execute('checkpoint/delete', { storage, runId })
  await engine.execute('checkpoint/collect', { storage })
}
