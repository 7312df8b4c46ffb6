import { expect, type Page, test } from '@playwright/test'
import { expectAccessible } from './support/accessible.ts'
import { scriptEngine } from './support/scripted-engine.ts'
import { withoutGpu } from './support/without-gpu.ts'

test.use(withoutGpu)

const begin = (page: Page) => page.getByRole('button', { name: /^Start training/ })

test('runs that were interrupted are offered with what is missing, and can be discarded', async ({
  page,
}) => {
  await scriptEngine(page, {
    saved: [
      { runId: 'a', step: 84, modelName: 'studio-tiny-3m' },
      { runId: 'b', step: 12, modelName: 'my-model' },
    ],
  })
  await page.goto('./')
  await expect(page.getByRole('heading', { name: '2 runs can go on' })).toBeVisible()
  const [first, second] = await page.getByRole('listitem').filter({ hasText: 'stopped at step' }).all()
  await expect(first).toContainText('stopped at step 84 of 150')
  await expect(first.getByRole('button', { name: 'Go on' })).toBeEnabled()
  await expect(second).toContainText('the model my-model')
  await expect(second.getByRole('button', { name: 'Go on' })).toBeDisabled()
  await expectAccessible(page)
  await second.getByRole('button', { name: 'Discard' }).click()
  await page.getByRole('button', { name: 'Discard the checkpoint' }).click()
  await expect(page.getByRole('heading', { name: 'A run can go on' })).toBeVisible()
})

test('a lost GPU is told in words and the run goes on; a full storage is one warning', async ({ page }) => {
  await scriptEngine(page, {
    steps: 40,
    holdAt: 30,
    pages: { gpu: 4, host: 6, store: 8 },
    loseDevice: { at: 20, resumesFrom: 20, awayMs: 800 },
    warn: { at: 25, message: 'The page store failed (QuotaExceededError)' },
  })
  await page.goto('./')
  await begin(page).click()
  await expect(page.getByRole('heading', { name: 'Waiting for the GPU to come back' })).toBeVisible()
  await expect(page.getByText(/lost its hold of the GPU.*goes on from step 20 by itself/)).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Training' })).toBeVisible()
  await expect(page.getByText(/Goes on from step 20 of 40/)).toBeVisible()
  await expect(page.getByRole('alert').filter({ hasText: 'The page store failed' })).toHaveCount(1)
  const map = page.getByRole('figure', { name: /18 pages of 64 KiB/ })
  await expect(map.locator('[data-tier=gpu]')).not.toHaveCount(0)
  await expectAccessible(page)
})

test('a run can be paused, saved and stopped from any page', async ({ page }) => {
  await scriptEngine(page, { steps: 40, holdAt: 5 })
  await page.goto('./')
  await begin(page).click()
  // Before its first step a run is stopped without a question.
  await expect(page.locator('#page').getByText('step 5 of 40', { exact: true })).toBeVisible()
  await page.getByRole('link', { name: /Model/ }).first().click()
  const bar = page.getByRole('banner')
  await bar.getByRole('button', { name: 'Save now' }).click()
  await expect(bar.getByRole('button', { name: 'Save now' })).toBeEnabled()
  await bar.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByRole('button', { name: 'Stop the run' }).click()
  await page.getByRole('link', { name: /Train/ }).first().click()
  await expect(page.getByRole('heading', { name: /^Stopped/ })).toBeVisible()
})
