import { expect, test } from '@playwright/test'
import { expectOneWarning, trainWithin } from './support/full-storage.ts'
import { resultOf, withHeadlessRuns } from './support/headless-runs.ts'

test.describe.configure({ timeout: 300_000 })

test('a run whose browser has no more room goes on in memory to the same bytes, with one warning, and keeps checkpoints again when there is room', async () => {
  await withHeadlessRuns(10, async (runs) => {
    const { browser, unbroken: engine, whole } = runs
    let refusal: Promise<string> | undefined
    let room: Promise<void> | undefined
    const run = await trainWithin(runs, engine, 100_000, (event) => {
      if (event.type !== 'run/step') return
      if (event.step.step === 2)
        refusal = engine.execute('run/save', {}).then(
          () => 'saved',
          (error: Error) => error.message,
        )
      if (event.step.step === 5) room = browser.limitStorage(null)
    })
    await room
    expect(await resultOf(engine)).toEqual(whole)
    expectOneWarning(run)
    expect(run.warnings[0].code).toBe('paging/store-failed')
    expect(await refusal).toContain('has no more room')
    expect(run.saved[0]).toBeGreaterThan(4)
    expect(run.saved.at(-1)).toBe(10)
  })
})
