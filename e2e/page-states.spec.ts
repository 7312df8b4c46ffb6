import { expect, type Page, test } from '@playwright/test'
import { expectAccessible } from './support/accessible.ts'
import { type Script, scriptEngine } from './support/scripted-engine.ts'
import { withoutGpu } from './support/without-gpu.ts'

/**
 * The page in its states, with a scripted engine in place of the worker: what a person sees while it is busy, when it
 * fails and when it is done; that axe finds nothing serious in light and dark; that nothing is wider than the screen.
 */

test.use(withoutGpu)

const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })

async function open(page: Page, path: string, script: Script = {}): Promise<void> {
  await scriptEngine(page, script)
  await page.goto(`./#${path}`)
}

async function startRun(page: Page, script: Script): Promise<void> {
  await open(page, '/', { steps: 24, paceMs: 2, layers: 2, ...script })
  await expect(start(page)).toBeEnabled()
  await start(page).click()
}

const ACCESSIBLE = {
  light: ['Overview', 'Model', 'Data', 'Train', 'Quantization', 'Device'],
  dark: ['Overview', 'Data', 'Train'],
} as const

for (const colorScheme of ['light', 'dark'] as const) {
  test(`pages are accessible (${colorScheme})`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await open(page, '/', { badRows: 3 })
    await expect(start(page)).toBeEnabled()
    for (const name of ACCESSIBLE[colorScheme]) {
      await page
        .getByRole('link', { name: new RegExp(`^${name}|^\\d?\\s*${name}`) })
        .first()
        .click()
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      await expectAccessible(page)
    }
  })
}

test('a live run can be paused, resumed and, after a question, stopped', async ({ page }) => {
  await startRun(page, { holdAt: 12 })
  await expect(page.locator('#page').getByText('step 12 of 24', { exact: true })).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Pause' }).last().click()
  await expect(page.getByRole('heading', { name: 'Paused' })).toBeVisible()
  await page.getByRole('main').getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByRole('button', { name: 'Go on training' }).click()
  await expect(page.getByRole('heading', { name: 'Paused' })).toBeVisible()
  await page.getByRole('main').getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByRole('button', { name: 'Stop the run' }).click()
  await expect(page.getByRole('heading', { name: /^Stopped/ })).toBeVisible()
})

test('a run that is stopped while the device is still checked brings the recipe back, unasked', async ({
  page,
}) => {
  await open(page, '/', { hang: ['device/verify'] })
  await start(page).click()
  await expect(page.getByText(/^Checking/).first()).toBeVisible()
  await page.getByRole('banner').getByRole('button', { name: 'Stop', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Train' })).toBeVisible()
  await expect(start(page)).toBeEnabled()
})

test('a device that could not be checked holds the run back; it begins without the check only after a question', async ({
  page,
}) => {
  const failure = { code: 'internal', message: 'Failed to fetch' }
  await startRun(page, { reject: { 'device/verify': failure } })
  const notice = page.getByRole('alert').filter({ hasText: 'Training has not begun' })
  await expect(notice).toContainText('That check did not come to its end: Failed to fetch.')
  await expect(notice).toBeInViewport()
  await expect(start(page)).toBeEnabled()
  await notice.getByRole('button', { name: 'Check again and start' }).click()
  await expect(notice).toBeVisible()
  await notice.getByRole('button', { name: 'Start without the check' }).click()
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Start without the check' }).click()
  await expect(
    page.getByText('without the check that the graphics card computes correctly').first(),
  ).toBeVisible()
  await expect(page.getByRole('heading', { name: /^Done/ })).toBeVisible({ timeout: 60_000 })
})

test('a finished run shows its summary; a chart can be read as a table', async ({ page }) => {
  await startRun(page, {})
  await expect(page.getByRole('heading', { name: /^Done/ })).toBeVisible({ timeout: 60_000 })
  const answers = page.getByRole('region', { name: 'Answers on the way' })
  await expect(answers.getByText('after step 24 (the latest)')).toBeVisible()
  await expect(answers.getByText('as in the data')).toHaveCount(3)
  await answers.getByRole('slider').press('Home')
  await expect(answers.getByRole('slider')).toHaveAttribute('aria-valuetext', 'before training')
  await expect(answers.getByText('before training')).toBeVisible()
  await expect(answers.getByText('In the data: The capital of Alaska is Juneau.')).toBeVisible()
  await answers.getByRole('button', { name: 'Show all steps' }).click()
  await expect(answers.getByRole('row')).toHaveCount(1 + 9)
  await page.getByRole('button', { name: 'Loss: Show as a table' }).click()
  await expect(page.getByRole('region', { name: 'Loss' }).getByRole('row')).toHaveCount(26)
  await page.getByRole('button', { name: 'Rows of step 7' }).press('Enter')
  const rows = page.getByRole('dialog', { name: 'What a step was trained on' })
  await expect(rows.getByText('2 rows in 1 batch, epoch 3.')).toBeVisible()
  await expect(rows.getByRole('listitem')).toHaveCount(2)
  await expect(rows.getByText('Row 7', { exact: true })).toBeVisible()
  await rows.getByRole('textbox', { name: 'Step' }).fill('9')
  await expect(rows.getByText('Row 9', { exact: true })).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(rows).toBeHidden()
  await expectAccessible(page)
})

test('NaN is shown as NaN, with what it means', async ({ page }) => {
  await startRun(page, { nanAt: 6, holdAt: 8 })
  await expect(page.getByText(/The loss became NaN/)).toBeVisible()
  await expect(page.getByText('now NaN')).toBeVisible()
})

test('a failed run says why and keeps what it measured', async ({ page }) => {
  await startRun(page, { failAt: 8 })
  const alert = page.getByRole('alert')
  await expect(alert).toContainText('The GPU was lost')
  await expect(alert).toContainText('Close other programs')
  await expect(page.getByRole('figure', { name: /Loss: 8 steps/ })).toBeVisible()
})

test('without an adapter the whole page says what to do', async ({ page }) => {
  await open(page, '/', {
    reject: { 'device/describe': { code: 'device/no-adapter', message: 'No GPU is offered' } },
  })
  await expect(page.getByRole('heading', { level: 1 })).toContainText('no graphics card')
  await expect(page.getByText('chrome://gpu').first()).toBeVisible()
  await expectAccessible(page)
})

test('a crashed engine is explained', async ({ page }) => {
  await open(page, '/', { crashOn: 'run/plan' })
  await expect(page.getByRole('heading', { level: 1 })).toContainText('stopped unexpectedly')
  await expect(page.getByRole('button', { name: 'Reload the page' })).toBeVisible()
})

test('the verdict on a GPU that computes wrongly is accessible and fits a phone', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await open(page, '/device', { wrongKernel: 'swiglu_backward.vec4' })
  await expect(page.getByText('1 of 3 checks failed: this graphics card computes wrongly.')).toBeVisible()
  await expectAccessible(page, 'light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark')
  await expectAccessible(page, 'dark')
  await page.setViewportSize({ width: 390, height: 800 })
  const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  await expect.poll(overhang).toBeLessThanOrEqual(0)
})

test('all faulty settings are shown at once, beside their fields', async ({ page }) => {
  await open(page, '/train')
  await page.getByText('All', { exact: true }).click()
  await page.getByRole('textbox', { name: /^Rank/ }).fill('0')
  await page.getByRole('textbox', { name: /^Learning rate/ }).fill('fast')
  await expect(page.getByText('Has to be 1 – 256.')).toBeVisible()
  await expect(page.getByText('Has to be a number.')).toBeVisible()
  await expect(start(page)).toBeDisabled()
})

test('the line of the longest row is moved by pointer and keys, and problems are mended and brought back', async ({
  page,
}) => {
  await open(page, '/data', { duplicates: [{ row: 7, of: 2 }] })
  await expect(page.getByText('Rows as they will be trained')).toBeVisible()
  const line = page.getByRole('slider', { name: 'Where rows are cut' })
  await expect(line).toHaveAttribute('aria-valuenow', '32')
  await expect(line).toHaveAttribute('aria-valuetext', '32 tokens; 4 of 50 rows cut')
  await line.press('ArrowLeft')
  await line.press('ArrowLeft')
  await expect(line).toHaveAttribute('aria-valuetext', '30 tokens; 9 of 50 rows cut')
  await expect(line).toBeFocused()
  await line.press('End')
  await expect(line).toHaveAttribute('aria-valuetext', '37 tokens; 0 of 50 rows cut')

  const box = await line.boundingBox()
  if (!box) throw new Error('the line has no place')
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x - 60, y)
  await page.mouse.move(x - 120, y)
  const text = await line.getAttribute('aria-valuetext')
  expect(text).toMatch(/^[12]\d tokens; \d+ of 50 rows cut$/)
  await expect(page.getByRole('button', { name: /^Raise it to/ })).toHaveCount(0)
  await page.mouse.up()
  const length = Number.parseInt(text ?? '', 10)
  const problems = page.getByRole('region', { name: 'What to look at' })
  await expect(problems).toContainText(`of 50 rows are longer than ${length} tokens`)
  await expectAccessible(page)

  await problems.getByRole('button', { name: 'Raise it to 37 tokens' }).click()
  await expect(problems).toContainText('Nothing is cut at 37 tokens')
  await problems.getByRole('button', { name: `Back to ${length} tokens` }).click()
  await expect(line).toHaveAttribute('aria-valuenow', String(length))
  await expect(problems).toContainText('row 7 as row 2')
  await problems.getByRole('button', { name: 'Leave duplicates out' }).click()
  await expect(problems).toContainText('1 of 50 rows is left out')
  await problems.getByRole('button', { name: 'Use them again' }).click()
  await expect(problems).toContainText('1 of 50 rows says exactly the same')
  await page.evaluate(() => {
    location.hash = '/train'
  })
  await page.getByText('Common', { exact: true }).click()
  await expect(page.getByRole('textbox', { name: /^Remembers at a time/ })).toHaveValue(String(length))
})

test('nothing is wider than a phone or a small laptop', async ({ page }) => {
  await startRun(page, { holdAt: 12 })
  await expect(page.locator('#page').getByText('step 12 of 24', { exact: true })).toBeVisible()
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 720 })
    for (const path of ['/', '/model', '/data', '/train', '/quantization', '/device']) {
      await page.evaluate((to) => {
        location.hash = to
      }, path)
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth), {
          message: `${path} at ${width}`,
        })
        .toBeLessThanOrEqual(0)
    }
  }
})
