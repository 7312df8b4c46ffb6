import { readFile } from 'node:fs/promises'
import { type Browser, expect, type Page, test } from '@playwright/test'
import { expectAccessible } from './support/accessible.ts'
import { type Script, scriptEngine } from './support/scripted-engine.ts'
import { withoutGpu } from './support/without-gpu.ts'

/**
 * Runs that have ended: two overlaid, one as a file that a fresh profile opens, one that a reload cut off; and a live one
 * of 50,000 steps that the page must carry. The engine is scripted: nothing here is about what it computes.
 */

test.use(withoutGpu)

async function openStudio(page: Page, script: Script = {}): Promise<void> {
  await scriptEngine(page, { steps: 40, paceMs: 1, layers: 2, ...script })
  await page.goto('./#/train')
}

async function train(page: Page): Promise<void> {
  await go(page, '/train')
  await page
    .getByRole('button', { name: /^Start training|^Back to the recipe/ })
    .first()
    .waitFor()
  const back = page.getByRole('button', { name: 'Back to the recipe' })
  if (await back.isVisible()) await back.click()
  await page.getByRole('button', { name: /^Start training/ }).click()
  await expect(page.getByRole('heading', { name: /^Done/ })).toBeVisible({ timeout: 60_000 })
}

const go = (page: Page, path: string) =>
  page.evaluate((to) => {
    location.hash = to
  }, path)

const rowOf = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })

/** The file's bytes, downloaded by a click. */
async function download(page: Page, click: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download'), click()])
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
}

test('two runs are overlaid with what differed, renamed, and deleted after a question', async ({ page }) => {
  await openStudio(page)
  await go(page, '/runs')
  await expect(page.getByText('No run yet')).toBeVisible()
  await expectAccessible(page)
  await train(page)
  await page.getByRole('button', { name: 'Back to the recipe' }).click()
  await page.getByText('All', { exact: true }).click()
  await page.getByRole('textbox', { name: /^Rank/ }).fill('4')
  await train(page)

  await go(page, '/runs')
  await expect(rowOf(page, 'us-state-capitals 2')).toContainText('finished')
  for (const column of ['Model', 'Data', 'Run']) {
    const sort = page.getByRole('button', { name: column, exact: true })
    await sort.click()
    await expect(page.getByRole('columnheader').filter({ has: sort })).toHaveAttribute(
      'aria-sort',
      'ascending',
    )
  }
  await expect(page.getByRole('row').nth(1)).toContainText('us-state-capitals 1')
  await page.getByRole('checkbox', { name: 'Compare us-state-capitals 1' }).check()
  await page.getByRole('checkbox', { name: 'Compare us-state-capitals 2' }).check()
  const overlay = page.getByRole('figure', {
    name: 'Loss of 2 runs: us-state-capitals 1, us-state-capitals 2',
  })
  await expect(overlay.locator('path[stroke*="--nibble-run-1"]').first()).toBeVisible()
  await expect(overlay.locator('path[stroke*="--nibble-run-2"]').first()).toBeVisible()
  await expect(page.getByRole('row', { name: /^Rank \d+ 4$/ })).toBeVisible()
  await page.getByText('time', { exact: true }).click()
  await page.getByText('each step', { exact: true }).click()
  await expectAccessible(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  await expectAccessible(page)
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 720 })
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0)
  }

  await page.reload()
  await expect(overlay).toBeVisible()
  await page.getByRole('button', { name: 'Actions for us-state-capitals 1' }).click()
  await page.getByRole('menuitem', { name: 'Name and notes' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('The first <b>one</b>')
  await page.getByRole('textbox', { name: 'Notes' }).fill('rank as it came')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(rowOf(page, 'The first <b>one</b>')).toBeVisible()
  await page.getByRole('button', { name: 'Actions for The first <b>one</b>' }).click()
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
  const question = page.getByRole('dialog', { name: 'Delete this run?' })
  await expect(question).toContainText(/KiB/)
  await question.getByRole('button', { name: 'Delete' }).click()
  await expect(rowOf(page, 'The first <b>one</b>')).toHaveCount(0)
  await page.reload()
  await expect(rowOf(page, 'us-state-capitals 2')).toBeVisible()
  await expect(page.getByRole('checkbox', { name: /^Compare (?!all)/ })).toHaveCount(1)
})

test('a run as one file is opened by a fresh profile, curve, notes and adapter', async ({
  page,
  browser,
}) => {
  await openStudio(page)
  await train(page)
  await go(page, '/runs')
  await page.getByRole('link', { name: 'us-state-capitals 1' }).click()
  await expect(page.getByRole('figure', { name: /^Loss: 40 steps/ })).toBeVisible()
  await page.getByRole('button', { name: 'Name and notes' }).click()
  await page.getByRole('textbox', { name: 'Notes' }).fill('<img src=x onerror=alert(1)>')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expectAccessible(page)
  const adapter = await download(page, () => page.getByRole('button', { name: 'Download adapter' }).click())
  const file = await download(page, () => page.getByRole('button', { name: 'Download run file' }).click())
  const summary = await page.getByRole('figure', { name: /^Loss: 40 steps/ }).getAttribute('aria-label')
  expect(file.name).toBe('us-state-capitals 1.nibblerun')

  const other = await freshPage(browser)
  await openStudio(other)
  await go(other, '/runs')
  await expect(other.getByText('No run yet')).toBeVisible()
  const input = other.locator('input[type=file]')
  await input.setInputFiles({ name: 'broken.nibblerun', mimeType: '', buffer: file.bytes.subarray(0, 900) })
  await expect(other.getByRole('alert')).toContainText('broken.nibblerun could not be opened')
  await expectAccessible(other)
  await input.setInputFiles({ name: file.name, mimeType: 'application/zip', buffer: file.bytes })
  await other.getByRole('link', { name: 'us-state-capitals 1' }).click()
  await expect(other.getByRole('figure', { name: summary ?? '' })).toBeVisible()
  await expect(other.getByText('<img src=x onerror=alert(1)>')).toBeVisible()
  await other.getByRole('button', { name: 'Train with this recipe' }).click()
  await expect(other.locator('#page').getByText('us-state-capitals 1').first()).toBeVisible()
  await other.goBack()
  const again = await download(other, () => other.getByRole('button', { name: 'Download adapter' }).click())
  expect(again).toEqual(adapter)
  await other.context().close()

  await page.getByRole('button', { name: 'Actions for us-state-capitals 1' }).click()
  await page.getByRole('menuitem', { name: /^Delete adapter, keep the curve \(\d+ B\)$/ }).click()
  const question = page.getByRole('dialog', { name: 'Delete the adapter?' })
  await expect(question).toContainText('Its curves, recipe and notes stay.')
  await question.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('button', { name: 'Download adapter' })).toHaveCount(0)
  await page.reload()
  await expect(page.getByRole('figure', { name: summary ?? '' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Download run file' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Download adapter' })).toHaveCount(0)
})

test('a run that a reload cut off keeps its curve', async ({ page }) => {
  page.on('dialog', (dialog) => void dialog.accept())
  await openStudio(page, { holdAt: 12 })
  await page.getByRole('button', { name: /^Start training/ }).click()
  await expect(page.locator('#page').getByText('step 12 of 40', { exact: true })).toBeVisible()
  await go(page, '/runs')
  await expect(rowOf(page, 'us-state-capitals 1')).toContainText('running')
  await expect(rowOf(page, 'us-state-capitals 1').getByTitle('12 of 40 steps')).toBeVisible()
  await page.reload()
  await expect(rowOf(page, 'us-state-capitals 1')).toContainText('interrupted')
  await page.getByRole('link', { name: 'us-state-capitals 1' }).click()
  await expect(page.getByRole('figure', { name: /^Loss: 12 steps/ })).toBeVisible()
})

test('a picture of a chart can be saved, as pixels and as lines', async ({ page }) => {
  await openStudio(page)
  await train(page)
  const save = (kind: string) => async () => {
    await page.getByRole('button', { name: 'Loss: Save picture' }).click()
    await page.getByRole('menuitem', { name: kind }).click()
  }
  const svg = await download(page, save('As SVG (lines)'))
  expect(svg.name).toBe('loss.svg')
  const text = svg.bytes.toString()
  for (const part of ['>Loss<', '>each step<', '>smoothed<', '<path', 'stroke="rgb('])
    expect(text).toContain(part)
  expect(text).not.toMatch(/var\(--|class=/)
  const png = await download(page, save('As PNG (pixels)'))
  expect(png.bytes.subarray(1, 4).toString()).toBe('PNG')
  expect(png.bytes.length).toBeGreaterThan(5000)
})

test('50,000 steps are carried, and the last ones cost the page no more than the first', async ({
  page,
  context,
}) => {
  await openStudio(page, { steps: 50_000, paceMs: 30, burst: 500, layers: 2 })
  const session = await context.newCDPSession(page)
  await session.send('Performance.enable')
  /** Seconds of its processor that the page's own thread has used. */
  const threadSeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN
  }
  const reached = (step: number) =>
    page.waitForFunction(
      (least) => {
        const figure = document.querySelector('figure[aria-label^="Loss: "]')
        const [, count = '0'] = /^Loss: ([\d,]+)/.exec(figure?.getAttribute('aria-label') ?? '') ?? []
        return Number(count.replaceAll(',', '')) >= least
      },
      step,
      { polling: 20, timeout: 100_000 },
    )
  await page.getByRole('button', { name: /^Start training/ }).click()
  const costs: number[] = []
  for (const from of [4000, 36_000]) {
    await reached(from)
    const before = await threadSeconds()
    await reached(from + 12_000)
    costs.push((await threadSeconds()) - before)
  }
  await expect(page.getByRole('heading', { name: /^Done/ })).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('figure', { name: /^Loss: 50,000 steps/ })).toBeVisible()
  console.log(`12,000 steps: ${costs.map((seconds) => `${Math.round(seconds * 1000)} ms`).join(', later ')}`)
  expect(costs[1]).toBeLessThan(costs[0] * 2)
})

async function freshPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ acceptDownloads: true })
  return context.newPage()
}
