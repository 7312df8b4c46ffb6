import { expect, type Page, test } from '@playwright/test'
import { expectAccessible } from './support/accessible.ts'
import { type Script, scriptEngine } from './support/scripted-engine.ts'
import { withoutGpu } from './support/without-gpu.ts'

/**
 * axe on the pages and states that other specs do not reach on their way: the rest of the pages in the dark, questions
 * and menus, what failed, what cannot work at all. The engine is scripted (see page-states.spec.ts).
 */

test.use({
  ...withoutGpu,
  contextOptions: { reducedMotion: 'reduce' },
  colorScheme: 'dark',
})

const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

async function open(page: Page, path: string, script: Script = {}): Promise<void> {
  await scriptEngine(page, { steps: 12, paceMs: 1, layers: 1, ...script })
  await page.goto(`./#${path}`)
}

const show = (page: Page, path: string) =>
  page.evaluate((to) => {
    location.hash = to
  }, path)

async function check(page: Page, place: string): Promise<void> {
  // Colours in the middle of a transition are nobody's.
  await page.waitForTimeout(300)
  await expectAccessible(page, place)
}

test('pages without a run', async ({ page }) => {
  await open(page, '/model')
  const nothing = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') }
  await page.locator('#page input[type=file]').first().setInputFiles([nothing])
  await expect(page.getByRole('alert')).toContainText('looks like a model')
  await check(page, 'model, with a refused folder')
  await show(page, '/train')
  await page.getByText('All', { exact: true }).click()
  await page.getByRole('textbox', { name: /^Rank/ }).fill('0')
  await expect(page.getByText('Has to be 1 – 256.')).toBeVisible()
  await check(page, 'recipe with a faulty setting')
  await page.getByRole('textbox', { name: /^Rank/ }).fill('4')
  await show(page, '/quantization')
  await button(page, 'Quantize and measure').click()
  await expect(button(page, 'Measure again')).toBeVisible()
  await check(page, 'quantization measured')
  await show(page, '/device')
  await expect(page.getByText(/checks passed/)).toBeVisible()
  await check(page, 'device')
  await show(page, '/nowhere')
  await check(page, 'no such page')
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible()
  await check(page, 'keys')
  await page.keyboard.press('Escape')
  await page.setViewportSize({ width: 390, height: 844 })
  await button(page, 'Menu').click()
  await expect(page.getByRole('link', { name: /Runs/ })).toBeInViewport()
  await check(page, 'menu of a narrow screen')
})

test('a run with a warning and a loss that is not a number, its questions, its kept record', async ({
  page,
}) => {
  const warn = { at: 7, message: 'The page store failed (QuotaExceededError)' }
  await open(page, '/train', { nanAt: 6, holdAt: 8, warn })
  await start(page).click()
  await expect(page.locator('#page').getByText('step 8 of 12', { exact: true })).toBeVisible()
  await check(page, 'live run')
  await button(page, 'Gradient norm: Enlarge').click()
  await expect(page.getByRole('dialog', { name: 'Gradient norm' })).toBeVisible()
  await check(page, 'enlarged chart')
  await page.keyboard.press('Escape')
  await page.getByRole('banner').getByRole('button', { name: 'Stop', exact: true }).click()
  await expect(page.getByRole('dialog', { name: 'Stop this run?' })).toBeVisible()
  await check(page, 'question before stopping')
  await page.emulateMedia({ colorScheme: 'light' })
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'light')
  await check(page, 'question before stopping, light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await button(page, 'Stop the run').click()
  await show(page, '/runs')
  await button(page, 'Actions for us-state-capitals 1').click()
  await expect(page.getByRole('menuitem', { name: 'Delete', exact: true })).toBeVisible()
  await check(page, 'menu of a run')
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
  await expect(page.getByRole('dialog', { name: 'Delete this run?' })).toBeVisible()
  await check(page, 'question before deleting')
  await button(page, 'Keep').click()
  await page.getByRole('link', { name: 'us-state-capitals 1' }).click()
  await expect(page.getByRole('figure', { name: /^Loss: / })).toBeVisible()
  await check(page, 'a kept run')
  await button(page, 'Name and notes').click()
  await expect(page.getByRole('dialog', { name: 'Name and notes' })).toBeVisible()
  await check(page, 'name and notes')
})

test('a failed run, and one in preparation', async ({ page, context }) => {
  await open(page, '/train', { failAt: 8 })
  await start(page).click()
  await expect(page.getByRole('alert')).toContainText('The GPU was lost')
  await check(page, 'failed run')

  const other = await context.newPage()
  await open(other, '/train', { hang: ['run/start'] })
  await start(other).click()
  await expect(other.getByRole('heading', { name: 'Preparing' })).toBeVisible()
  await check(other, 'run in preparation')
})

test('what failed to open, and what cannot be planned', async ({ page, context }) => {
  const unreadable = {
    code: 'format/broken',
    message: 'model.safetensors is cut off',
    hint: 'Load it again.',
  }
  await open(page, '/', { reject: { 'model/open': unreadable } })
  await expect(page.getByText('No model is open')).toBeVisible()
  await check(page, 'overview without a model')
  await show(page, '/model')
  await check(page, 'no model')

  const other = await context.newPage()
  await open(other, '/data', {
    reject: {
      'dataset/open': { code: 'data/empty', message: 'No row can be used', hint: 'Look at the first row.' },
      'device/verify': { code: 'device/lost', message: 'The GPU was lost', hint: 'Close other programs.' },
    },
  })
  await expect(other.getByText('No dataset is open')).toBeVisible()
  await check(other, 'no data')
  await show(other, '/device')
  await check(other, 'device that could not be checked')
})

test('a browser that cannot work, and an engine that died', async ({ page, context }) => {
  await page.addInitScript('delete Navigator.prototype.gpu')
  await page.goto('./')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('no WebGPU')
  await check(page, 'no WebGPU')
  await page.emulateMedia({ colorScheme: 'light' })
  await check(page, 'no WebGPU, light')

  const other = await context.newPage()
  await open(other, '/', { crashOn: 'run/plan' })
  await expect(button(other, 'Reload the page')).toBeVisible()
  await check(other, 'crashed engine')
})
