import { expect, test } from '@playwright/test'
import { scriptEngine } from './support/scripted-engine.ts'
import { withoutGpu } from './support/without-gpu.ts'

/** What a page does before it goes; the engine is scripted: nothing here is about what it computes. */
test.use(withoutGpu)

test('a page that is reloaded in the middle of a run keeps the curve to its last step, and the browser says whether it may delete it', async ({
  page,
}) => {
  page.on('dialog', (dialog) => void dialog.accept())
  await scriptEngine(page, { steps: 400, paceMs: 1, layers: 2, holdAt: 211 })
  await page.goto('./#/train')
  await page.getByRole('button', { name: /^Start training/ }).click()
  await expect(page.locator('#page').getByText('step 211 of 400', { exact: true })).toBeVisible()
  // The history writes every two seconds; this is sooner after the last step.
  await page.reload()
  await page.evaluate(() => {
    location.hash = '/runs'
  })
  const row = page.getByRole('row', { name: /us-state-capitals 1/ })
  await expect(row).toContainText('interrupted')
  await expect(row.getByTitle('211 of 400 steps')).toBeVisible()
  await expect(page.getByText('the browser may delete them when the disk is full')).toBeVisible()
})
