import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Page, test } from './support/verified.ts'

/** A software adapter on a busy machine takes its time. */
test.describe.configure({ timeout: 600_000 })

const STEPS = 8
/** Every page of the moments goes through the browser's storage. */
const RECIPE = {
  lora: { rank: 4, alpha: 8, dropout: 0.1 },
  data: { maxSeqLength: 24, packing: false },
  train: { maxSteps: STEPS, batchSize: 2, gradAccumSteps: 1, gradientCheckpointing: false },
  optimizer: { lr: 2e-3, paging: { gpuBudgetBytes: 0, hostBudgetBytes: 0 } },
}

interface Told {
  pagingTold?: Record<string, number | string[]>
}

/** Keeps the pager's last word, as it comes from the worker. */
function keepPagingEvents() {
  const Real = Worker
  Object.assign(window, {
    Worker: class extends Real {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options)
        this.addEventListener('message', ({ data }) => {
          if (data.event?.type === 'paging/state') (window as Told).pagingTold = data.event.paging
        })
      }
    },
  })
}

const control = (page: Page, name: string) =>
  page.getByRole('main').getByRole('button', { name, exact: true })

async function prepare(page: Page, recipe: string): Promise<void> {
  await page.goto('./#/train')
  await page.locator('input[type=file][accept*=json]').setInputFiles(recipe)
  await askNothing(page)
  await expect(page.getByRole('button', { name: /^Start training/ })).toBeEnabled({ timeout: 240_000 })
}

/** Answers on the way cost more than these steps. */
const askNothing = (page: Page) => page.getByLabel('How often').selectOption('Never')

async function adapterOf(page: Page): Promise<Buffer> {
  await expect(page.getByRole('heading', { name: /^Done/ })).toBeVisible({ timeout: 240_000 })
  const coming = page.waitForEvent('download', (each) => each.suggestedFilename().endsWith('.safetensors'))
  await page.getByRole('button', { name: 'Download adapter' }).click()
  return readFileSync(await (await coming).path())
}

/** Name and exact figure of every row of a card's table. */
async function tableOf(page: Page, card: string): Promise<Map<string, string>> {
  await page.getByRole('button', { name: `${card}: Show as a table` }).click()
  const rows = await page.getByRole('region', { name: card }).getByRole('row').all()
  const cells = await Promise.all(rows.map((row) => row.getByRole('cell').allInnerTexts()))
  return new Map(cells.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

test('a paused run survives a reload: its curve is there again, and it ends with the bytes of an uninterrupted one', async ({
  page,
}) => {
  const recipe = join(mkdtempSync(join(tmpdir(), 'nibble-resume-')), 'RUN.json')
  writeFileSync(recipe, JSON.stringify(RECIPE))
  // A run that is under way asks before its page goes.
  page.on('dialog', (dialog) => void dialog.accept())
  await page.addInitScript(keepPagingEvents)

  await prepare(page, recipe)
  await page.getByRole('button', { name: /^Start training/ }).click()
  await expect(page.getByText(/^step [3-7] of 8$/i).first()).toBeVisible({ timeout: 240_000 })
  await control(page, 'Pause').click()
  await expect(page.getByRole('heading', { name: 'Paused' })).toBeVisible({ timeout: 60_000 })
  const saved = await page.getByText(/^saved at step \d+$/).innerText()
  const step = Number(/\d+/.exec(saved))

  // The map's figures are the pager's own.
  const told = (await page.evaluate(() => (window as Told).pagingTold)) ?? {}
  const shown = await tableOf(page, 'Pages of the optimizer')
  const figure = (name: string) => Number(shown.get(name)?.replaceAll(',', ''))
  expect(figure('To the GPU')).toBe(told.bytesToGpu)
  expect(figure('From the GPU')).toBe(told.bytesFromGpu)
  expect(figure('To storage')).toBe(told.bytesToStore)
  expect(figure('From storage')).toBe(told.bytesFromStore)
  expect(figure('Already there')).toBe(told.hits)
  expect(figure('Brought in from storage')).toBe(told.storeMisses)
  const residency = told.residency as string[]
  for (const [name, tier] of [
    ['Pages on the GPU', 'gpu'],
    ['Pages in memory', 'host'],
    ['Pages in storage', 'store'],
  ])
    expect(figure(name)).toBe(residency.filter((place) => place === tier).length)
  expect(figure('To storage')).toBeGreaterThan(0)

  await page.reload()
  await expect(page.getByText(`stopped at step ${step} of ${STEPS}`)).toBeVisible({ timeout: 120_000 })
  await page.getByRole('button', { name: 'Go on' }).click()
  const resumed = await adapterOf(page)
  const losses = await tableOf(page, 'Loss')
  expect([...losses.keys()].map(Number)).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1))

  await page.getByRole('button', { name: 'Back to the recipe' }).click()
  await expect(page.getByText(/can go on/)).toHaveCount(0)
  // What a run is asked on the way changes nothing of what it learns: the page that went on has asked, this one does not.
  await askNothing(page)
  await page.getByRole('button', { name: /^Start training/ }).click({ timeout: 120_000 })
  const whole = await adapterOf(page)
  expect(resumed.equals(whole)).toBe(true)
})
