import { expect, test } from '@playwright/test'
import { clear, expectOneWarning, type FullStorageRun, trainWithin } from './support/full-storage.ts'
import { resultOf, storage, withHeadlessRuns } from './support/headless-runs.ts'

const PLACES = 12

for (const name of ['tiny-llama/qlora', 'tiny-llama/full', 'tiny-llama-tied/full']) {
  test(`${name}: a storage that is full from any place on changes no byte, and is one warning`, async () => {
    await withHeadlessRuns(
      5,
      async (runs) => {
        const { browser, open, unbroken: measured, whole } = runs
        const roomy = await trainWithin(runs, measured, 1e9)
        expect(roomy.warnings).toEqual([])
        expect(roomy.saved).toEqual([1, 2, 3, 4, 5])
        const needed = await browser.storageUsed()
        await clear(measured)
        await browser.kill('browser', 0)

        const engine = await open()
        const found: FullStorageRun[] = []
        // Upwards: a browser that has seen how much is left looks again only when that does not suffice.
        for (let place = 0; place < PLACES; place++) {
          const quota = 1 + Math.floor((needed * place) / PLACES)
          const run = await trainWithin(runs, engine, quota)
          const told = `${quota} of ${needed} bytes`
          expect(await resultOf(engine), told).toEqual(whole)
          expectOneWarning(run)
          found.push(run)
          await clear(engine)
        }
        const description = found
          .map(({ warnings, fullAt, saved }) => `${warnings[0].code} at step ${fullAt}, saved ${saved}`)
          .join('; ')
        test.info().annotations.push({ type: 'places', description })
        const codes = new Set(found.flatMap(({ warnings }) => warnings.map(({ code }) => code)))
        expect(codes).toContain('paging/store-failed')
      },
      name,
    )
  })
}

test('a run that is killed while its storage is full goes on from its last checkpoint to the same bytes', async () => {
  await withHeadlessRuns(16, async (runs) => {
    const { browser, config, open, whole } = runs
    const first = await open()
    let killed: Promise<void> | undefined
    let full = false
    await browser.limitStorage(1_600_000)
    const ended = first.execute(
      'run/start',
      { config, storage },
      {
        onEvent(event) {
          if (event.type === 'run/warning') full = true
          if (event.type === 'run/step' && full && event.step.step >= 6)
            killed ??= browser.kill('browser', 20)
        },
      },
    )
    await expect(ended).rejects.toThrow()
    await killed
    const engine = await open()
    const [saved] = await engine.execute('checkpoint/list', { storage })
    expect(saved.step).toBeGreaterThan(0)
    expect(saved.step).toBeLessThan(6)
    await browser.limitStorage(1)
    const warnings: string[] = []
    const summary = await engine.execute(
      'run/start',
      { config, storage, resume: { runId: saved.runId } },
      { onEvent: (event) => event.type === 'run/warning' && warnings.push(event.message) },
    )
    expect(summary.steps).toBe(16)
    expect(await resultOf(engine)).toEqual(whole)
    expect(warnings).toEqual([expect.stringContaining('has no more room')])
  })
})
