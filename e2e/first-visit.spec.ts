import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { openSafetensors } from '../src/formats/safetensors.ts'
import { memorySource } from '../src/util/byte-source.ts'
import { witness } from './support/witness.ts'

const ROWS = ['red', 'green', 'blue', 'black', 'white', 'grey'].map((colour) =>
  JSON.stringify({ instruction: `Say ${colour}.`, output: `${colour}!` }),
)

/** A software adapter on a busy machine takes its time to measure itself. */
test.describe.configure({ timeout: 600_000 })

const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })

test('a first visit is ready to train, and names GPU, model, data and memory', async ({ page }) => {
  const seen = await witness(page)
  await page.goto('./')
  await expect(start(page)).toBeEnabled({ timeout: 240_000 })
  await expect(page.getByText('studio-tiny-3m').first()).toBeVisible()
  await expect(page.getByText(/swiftshader/i).first()).toBeVisible()
  await expect(page.getByText('US state capitals').first()).toBeVisible()
  await expect(page.getByText('Memory needed').first()).toBeVisible()
  expect(seen).toMatchObject({ complaints: [], strays: [] })
})

test('a dropped file is trained on, and its adapter downloads', async ({ page }) => {
  const seen = await witness(page)
  const folder = mkdtempSync(join(tmpdir(), 'nibble-'))
  const file = join(folder, 'colours.jsonl')
  writeFileSync(file, ROWS.join('\n'))
  await page.goto('./')
  await expect(start(page)).toBeEnabled({ timeout: 240_000 })

  await page.getByRole('link', { name: /Data/ }).first().click()
  await page.locator('input[type=file]').first().setInputFiles(file)
  await expect(page.getByText('colours.jsonl').first()).toBeVisible()
  await expect(page.getByText(/6 rows/).first()).toBeVisible({ timeout: 120_000 })

  await page.getByRole('link', { name: /Overview/ }).click()
  await expect(start(page)).toBeEnabled({ timeout: 240_000 })
  await start(page).click()
  await expect(page.getByText(/step ([3-9]|\d\d) of/i).first()).toBeVisible({ timeout: 240_000 })
  await page.getByRole('button', { name: 'Stop', exact: true }).first().click()
  await page.getByRole('button', { name: 'Stop the run' }).click()

  const download = page.waitForEvent(
    'download',
    (offered) => offered.suggestedFilename() === 'adapter_model.safetensors',
  )
  await page.getByRole('button', { name: 'Download adapter' }).first().click({ timeout: 120_000 })
  const bytes = readFileSync(await (await download).path())
  const { tensors } = await openSafetensors(memorySource('adapter_model.safetensors', new Uint8Array(bytes)))
  expect(tensors.size).toBe(6 * 7 * 2)
  const B = await tensors.get('base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight')?.readFloat32()
  expect(B?.some((value) => value !== 0)).toBe(true)
  expect(seen).toMatchObject({ complaints: [], strays: [] })
})
