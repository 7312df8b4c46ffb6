import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { securityHeaders } from '../scripts/content-security-policy.mjs'
import { expect, type Page, test } from './support/verified.ts'
import { witness } from './support/witness.ts'

/** A software adapter on a busy machine takes its time to measure itself. */
test.describe.configure({ timeout: 600_000 })

/** Runs as soon as something takes it for HTML; `opened` counts it. */
const HTML = '<img src=x onerror="window.opened=1"><script>window.opened=1</script><b>bold</b>'

const MODEL = fileURLToPath(new URL('../public/models/studio-tiny-3m', import.meta.url))
const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })

/** A recipe of two short steps. */
const RECIPE = JSON.stringify({
  data: { maxSeqLength: 64, packing: false },
  train: { maxSteps: 2, batchSize: 2, gradAccumSteps: 1 },
})

const openPage = (page: Page, name: RegExp) => page.getByRole('link', { name }).first().click()

test('the pages carry a policy that allows their own origin and nothing else', async ({ page, request }) => {
  for (const path of ['./', './headless.html']) {
    const html = await (await request.get(path)).text()
    expect(html).toMatch(/<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; /)
    expect(html).not.toMatch(/<script(?![^>]* src=)/)
  }
  for (const path of ['./', `./assets/${readdirSync('dist/assets').find((name) => name.endsWith('.js'))}`]) {
    const headers = (await request.get(path)).headers()
    expect(headers['content-security-policy']).toBe(securityHeaders['Content-Security-Policy'])
  }
  const seen = await witness(page)
  await page.goto('./')
  // The engine's, and soon its own one for chat templates.
  await expect.poll(() => page.workers().length).toBeGreaterThan(0)
  // What must not work, tried: it also shows that the witness would see it.
  const elsewhere = () => fetch('http://127.0.0.1:9/').catch(() => 'refused')
  expect(await page.evaluate(elsewhere)).toBe('refused')
  expect(seen.complaints.join()).toContain('violates the following Content Security Policy directive')
  expect(await page.workers()[0].evaluate(elsewhere)).toBe('refused')
  await expect.poll(() => seen.strays.join()).toContain('"blocked-uri":"http://127.0.0.1:9/"')
})

test('a whole session of training asks only for the page’s own files, breaks no rule and runs no HTML of its input', async ({
  page,
}) => {
  const seen = await witness(page)
  const folder = mkdtempSync(join(tmpdir(), 'nibble-safety-'))
  const model = join(folder, '<img src=x onerror=window.opened=1>')
  mkdirSync(model)
  for (const name of readdirSync(MODEL).filter((name) => /\.(json|safetensors)$/.test(name)))
    writeFileSync(join(model, name), readFileSync(join(MODEL, name)))
  writeFileSync(join(model, 'README.md'), HTML)
  const rows = join(folder, '<b>rows<b>.jsonl')
  const row = (output: string) => JSON.stringify({ instruction: HTML, output })
  writeFileSync(rows, [row('plain'), row(HTML), row('again')].join('\n'))
  const recipe = join(folder, 'RUN.json')
  writeFileSync(recipe, RECIPE)

  await page.goto('./#/train')
  await page.locator('input[type=file][accept*=json]').setInputFiles(recipe)
  await openPage(page, /Model/)
  await page.locator('input[webkitdirectory]').setInputFiles(model)
  await expect(page.getByRole('heading', { name: '<img src=x onerror=window.opened=1>' })).toBeVisible()
  await openPage(page, /Data/)
  await page.locator('input[type=file]').first().setInputFiles(rows)
  await expect(page.getByRole('heading', { name: '<b>rows<b>.jsonl' })).toBeVisible()
  const shown = page.getByRole('region', { name: 'Rows as they will be trained' })
  await expect(shown.getByRole('listitem').first()).toContainText('<img src=x onerror="window.opened=1">')

  await openPage(page, /Overview/)
  await expect(start(page)).toBeEnabled({ timeout: 240_000 })
  await start(page).click()
  await expect(page.getByRole('heading', { name: /^Done/ })).toBeVisible({ timeout: 240_000 })
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download adapter' }).first().click()
  await download

  expect(await page.evaluate(() => (window as { opened?: number }).opened)).toBeUndefined()
  expect(await page.locator('#page b, #page img').count()).toBe(0)
  expect(seen.strays).toEqual([])
  expect(seen.complaints).toEqual([])
  expect(seen.files).toContain('/models/studio-tiny-3m/model.safetensors')
})
