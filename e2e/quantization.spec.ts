import { expect, type Page, test } from '@playwright/test'
import { expectAccessible } from './support/accessible.ts'
import { type Script, scriptEngine } from './support/scripted-engine.ts'
import { withoutGpu } from './support/without-gpu.ts'

/** The quantization page in its states, against a scripted engine: no GPU. */

test.use(withoutGpu)

async function open(page: Page, script: Script): Promise<void> {
  await scriptEngine(page, { paceMs: 1, ...script })
  await page.goto('./#/quantization')
}

const measure = (page: Page) => page.getByRole('button', { name: 'Quantize and measure' })
const rows = (page: Page) => page.getByRole('region', { name: 'Matrices' }).getByRole('row')

test('the matrices of a large model are sorted by any column, by keyboard', async ({ page }) => {
  await open(page, { layers: 32 })
  await expect(page.getByText('Nothing is quantized yet')).toBeVisible()
  await measure(page).click()
  await expect(rows(page)).toHaveCount(1 + 32 * 7)
  await expect(page.getByRole('columnheader', { name: 'Matrix' })).toHaveAttribute('aria-sort', 'ascending')
  await expect(rows(page).nth(1)).toContainText('0.q_proj')

  const figures = async () =>
    (await rows(page).locator('td:nth-child(6)').allTextContents()).map(Number.parseFloat)
  await page.getByRole('button', { name: 'Signal to noise' }).focus()
  await page.keyboard.press('Enter')
  const noise = page.getByRole('columnheader', { name: 'Signal to noise' })
  await expect(noise).toHaveAttribute('aria-sort', 'ascending')
  await expect(page.getByRole('columnheader', { name: 'Matrix' })).not.toHaveAttribute('aria-sort')
  expect(await figures()).toEqual((await figures()).toSorted((a, b) => a - b))
  await page.keyboard.press('Enter')
  await expect(noise).toHaveAttribute('aria-sort', 'descending')
  expect(await figures()).toEqual((await figures()).toSorted((a, b) => b - a))

  await page.getByRole('button', { name: 'Show the codes of 31.down_proj' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Codes of 31.down_proj' })).toBeVisible()
})

test('figures appear as they come; a cancelled measurement brings back those before it', async ({ page }) => {
  await open(page, { layers: 6, holdInspectionAt: 10 })
  await measure(page).click()
  await expect(page.getByText('10 of 42 tensors')).toBeVisible()
  await expect(rows(page)).toHaveCount(11)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByText('Nothing is quantized yet')).toBeVisible()
  await expect(measure(page)).toBeEnabled()
})

test('a failed measurement says why', async ({ page }) => {
  const error = { code: 'device/lost', message: 'The GPU was lost', hint: 'Close other programs.' }
  await open(page, { reject: { 'model/inspect': error } })
  await measure(page).click()
  await expect(page.getByRole('alert')).toContainText('The GPU was lost. Close other programs.')
  await expect(page.getByText('Nothing is quantized yet')).toBeVisible()
})
