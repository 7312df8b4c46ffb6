import { expect, test } from '@playwright/test'
import type { RunEvent } from '../src/session/events.ts'
import { resultOf, storage, withHeadlessRuns } from './support/headless-runs.ts'

test.describe.configure({ timeout: 300_000 })

test('a run whose GPU process crashes goes on by itself on the next device, to the same bytes', async () => {
  await withHeadlessRuns(30, async ({ browser, config, open, whole }) => {
    const engine = await open()
    const told: string[] = []
    let crashed: Promise<void> | undefined
    const onEvent = (event: RunEvent) => {
      if (event.type === 'run/step' && event.step.step === 5) crashed ??= browser.crashGpu()
      if (event.type === 'run/device-lost' || event.type === 'run/resumed') told.push(event.type)
    }
    const summary = await engine.execute('run/start', { config, storage }, { onEvent })
    await crashed
    expect(told).toEqual(['run/device-lost', 'run/resumed'])
    expect(summary.steps).toBe(30)
    expect(await resultOf(engine)).toEqual(whole)
  })
})
