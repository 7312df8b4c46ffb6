import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test as onFirstVisit, type Page } from '@playwright/test'
import { tokenExample } from '../src/data/example.ts'
import { trainingData } from '../src/data/training-data.ts'
import { openSafetensors } from '../src/formats/safetensors.ts'
import { memorySource } from '../src/util/byte-source.ts'
import { runCli } from './golden/support/run-cli.ts'
import { dropOn } from './support/drop.ts'
import { test } from './support/verified.ts'
import { witness } from './support/witness.ts'

/** A software adapter on a busy machine takes its time to measure itself. */
onFirstVisit.describe.configure({ timeout: 600_000 })

const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })

/** Presses a download button and keeps the files that come, by name. */
async function download(page: Page, button: string, folder: string, names: readonly string[]): Promise<void> {
  const coming = names.map((name) =>
    page.waitForEvent('download', (offered) => offered.suggestedFilename() === name),
  )
  await page.getByRole('button', { name: button }).first().click({ timeout: 120_000 })
  for (const offered of await Promise.all(coming))
    await offered.saveAs(join(folder, offered.suggestedFilename()))
}

/** Short steps on one word and its echo; a quarter of the rows is kept aside. */
const RECIPE = {
  lora: { rank: 8, alpha: 16 },
  data: { maxSeqLength: 32, packing: false, shuffle: true, evalFraction: 0.25 },
  train: { maxSteps: 6, batchSize: 4, gradAccumSteps: 1, seed: 42, gradientCheckpointing: false },
  optimizer: { lr: 2e-3 },
}

const COLOURS =
  'red green blue black white grey brown pink gold silver violet orange yellow purple crimson navy'.split(' ')

/** The rows that a run of this recipe keeps aside. */
function heldOutOf(rows: readonly string[]): string[] {
  const examples = rows.map((_, row) => tokenExample(row, { kind: 'tokens', inputIds: [row, row] }))
  const { evaluation } = trainingData({ examples, isTokenRows: false }, RECIPE.data, RECIPE.train.seed)
  return evaluation.map(({ inputIds }) => rows[inputIds[0]])
}

const ADAPTER = ['adapter_model.safetensors', 'adapter_config.json']

onFirstVisit(
  'a first visit is ready to train, trains at one press, and what it learned can be taken home',
  async ({ page }) => {
    const seen = await witness(page)
    await page.goto('./')
    await expect(start(page)).toBeEnabled({ timeout: 240_000 })
    await expect(page.getByText('studio-tiny-3m').first()).toBeVisible()
    await expect(page.getByText(/swiftshader/i).first()).toBeVisible()
    await expect(page.getByText('US state capitals').first()).toBeVisible()
    await expect(page.getByText('Memory needed').first()).toBeVisible()
    await start(page).click()
    await expect(page.getByText(/step ([3-9]|\d\d) of/i).first()).toBeVisible({ timeout: 240_000 })
    await page.getByRole('button', { name: 'Stop', exact: true }).first().click()
    await page.getByRole('button', { name: 'Stop the run' }).click()
    const folder = mkdtempSync(join(tmpdir(), 'nibble-first-visit-'))
    await download(page, 'Download adapter', folder, ADAPTER)
    const bytes = new Uint8Array(readFileSync(join(folder, ADAPTER[0])))
    const { tensors } = await openSafetensors(memorySource(ADAPTER[0], bytes))
    expect(tensors.size).toBe(6 * 7 * 2)
    const B = await tensors
      .get('base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight')
      ?.readFloat32()
    expect(B?.some((value) => value !== 0)).toBe(true)
    expect(seen).toMatchObject({ complaints: [], strays: [] })
  },
)

test('a dropped file is trained on; in the terminal its adapter has the loss that the page measured', async ({
  page,
}) => {
  const seen = await witness(page)
  const folder = mkdtempSync(join(tmpdir(), 'nibble-round-trip-'))
  const at = (name: string) => join(folder, name)
  const rows = COLOURS.map((colour) =>
    JSON.stringify({ instruction: `Say ${colour}.`, output: `${colour}!` }),
  )
  writeFileSync(at('colours.jsonl'), rows.join('\n'))
  writeFileSync(at('RUN.json'), JSON.stringify(RECIPE))

  await page.goto('./#/train')
  await page.locator('input[type=file][accept*=json]').setInputFiles(at('RUN.json'))
  await page.getByLabel('How often').selectOption('Never')
  await expect(start(page)).toBeEnabled({ timeout: 120_000 })
  await page.getByRole('link', { name: /Data/ }).first().click()
  await dropOn(page.getByText('Drop a JSONL, JSON or TXT file here'), [at('colours.jsonl')])
  await expect(page.getByRole('heading', { name: 'colours.jsonl' })).toBeVisible()
  await page.getByRole('link', { name: /Overview/ }).click()
  await expect(start(page)).toBeEnabled({ timeout: 120_000 })
  await start(page).click()
  await expect(page.getByRole('heading', { name: /^Done/ })).toBeVisible({ timeout: 240_000 })
  mkdirSync(at('adapter'))
  await download(page, 'Download adapter', at('adapter'), ADAPTER)
  await download(page, 'Download metrics', folder, ['metrics.jsonl'])
  expect(seen).toMatchObject({ complaints: [], strays: [] })

  const measured = readFileSync(at('metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) => JSON.parse(line)['eval/loss'] ?? [])
  writeFileSync(at('held-out.jsonl'), heldOutOf(rows).join('\n'))
  const evaluate = async (...adapter: string[]) => {
    const model = ['--model', 'public/models/studio-tiny-3m', '--data', at('held-out.jsonl')]
    const { code, stdout, stderr } = await runCli('dawn', [
      'evaluate',
      ...model,
      '--config',
      at('RUN.json'),
      ...adapter,
      '--json',
    ])
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout).loss as number
  }
  const [base, tuned] = [await evaluate(), await evaluate('--adapter', at('adapter'))]
  expect(measured).toHaveLength(2)
  expect(Math.abs(base / measured[0] - 1)).toBeLessThan(1e-5)
  expect(Math.abs(tuned / measured[1] - 1)).toBeLessThan(1e-5)
  expect(tuned).toBeLessThan(base * 0.9)
})
