import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { ModelCopy } from './golden/support/model-folder.ts'
import { dropOn } from './support/drop.ts'

/**
 * What a person may give the page by mistake, in real Chromium with the real engine: one clear error that names the
 * thing and what to do, what was there before stays, and the way to Start is open again.
 */

const folder = mkdtempSync(join(tmpdir(), 'nibble-bad-input-'))
test.afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const damaged = (name: string, damage: (model: ModelCopy) => void) => {
  const model = new ModelCopy(join(folder, name))
  damage(model)
  return model.path
}

const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })
const go = (page: Page, name: RegExp) => page.getByRole('link', { name }).first().click()

/** Opens the page with a recipe of its own, so that nothing has to be measured first. */
async function openStudio(page: Page): Promise<void> {
  await page.goto('./#/train')
  const recipe = file('RUN.json', JSON.stringify({ train: { maxSteps: 2 } }))
  await page.locator('input[type=file][accept*=json]').setInputFiles(recipe)
  await expect(start(page)).toBeEnabled({ timeout: 60_000 })
}

/** One alert with every one of these, and a way to close it. */
async function expectRefusal(page: Page, ...words: RegExp[]): Promise<void> {
  const alert = page.locator('#page').getByRole('alert')
  for (const word of words) await expect(alert).toContainText(word)
  await expect(alert).toHaveCount(1)
  await expect(alert).not.toContainText(/\[object|undefined|internal/)
  await alert.getByRole('button', { name: 'Close' }).click()
  await expect(alert).toHaveCount(0)
}

test('a damaged model is refused with what is wrong and what to do; the model before stays', async ({
  page,
}) => {
  await openStudio(page)
  await go(page, /Model/)
  const refused = async (path: string, ...words: RegExp[]) => {
    await page.locator('input[webkitdirectory]').setInputFiles(path)
    await expectRefusal(page, /could not be opened. The model before is still there/, ...words)
    await expect(page.getByRole('heading', { name: 'studio-tiny-3m' })).toBeVisible()
  }
  await refused(
    damaged('truncated', (model) => model.truncateWeights(300_000)),
    /model\.safetensors: tensor .* the file holds only/,
    /download it again/,
  )
  await refused(
    damaged('lying', (model) =>
      model.write('model.safetensors', Uint8Array.of(255, 255, 255, 255, 255, 255, 0, 0, 123, 125)),
    ),
    /its header claims 281474976710655 bytes/,
    /download it again/,
  )
  await refused(
    damaged('misshapen', (model) =>
      model.editHeader((header) => {
        header['model.layers.0.mlp.gate_proj.weight'].shape = [64, 172]
      }),
    ),
    /gate_proj\.weight" has shape \[64,172\], config\.json asks for/,
    /Use the config\.json that belongs to these weights/,
  )
  await refused(
    damaged('incomplete', (model) =>
      model.editHeader((header) => {
        for (const name of ['model.layers.1.mlp.up_proj.weight', 'model.norm.weight']) {
          header[`unused.${name}`] = header[name]
          delete header[name]
        }
      }),
    ),
    /"model\.layers\.1\.mlp\.up_proj\.weight".* is missing/,
    /"model\.norm\.weight".* is missing/,
    /Give all weight files/,
  )
  await refused(
    damaged('tokenizer', (model) => model.write('tokenizer.json', '{"model": {"type": "BPE", "vocab": ')),
    /tokenizer\.json is not JSON/,
    /take it from the model again/,
  )
  await refused(
    damaged('architecture', (model) =>
      model.editConfig({ model_type: 'mamba', architectures: ['MambaForCausalLM'] }),
    ),
    /MambaForCausalLM" is not supported/,
    /LlamaForCausalLM/,
  )
  await refused(
    damaged('no-weights', (model) => model.remove('model.safetensors')),
    /has no model\.safetensors \(found config\.json\)/,
  )

  // A dropped folder is read like a chosen one.
  await dropOn(page.getByText('Drop a model folder here'), [join(folder, 'truncated')])
  await expectRefusal(page, /truncated could not be opened/, /download it again/)
  await dropOn(page.getByText('Drop a model folder here'), [file('holiday.jpg', 'x')])
  await expectRefusal(page, /Nothing in there looks like a model/, /Drop the folder that holds them/)

  await go(page, /Overview/)
  await expect(start(page)).toBeEnabled()
})

test('a dataset that cannot be used is refused; the dataset before stays', async ({ page }) => {
  await openStudio(page)
  await go(page, /Data/)
  const area = page.getByText('Drop a JSONL, JSON or TXT file here')
  const refused = async (path: string, ...words: RegExp[]) => {
    await page.locator('input[type=file]').first().setInputFiles(path)
    await expectRefusal(page, ...words)
    await expect(page.getByRole('heading', { name: 'us-state-capitals' })).toBeVisible()
  }
  const kept = /could not be used. The dataset before is still there/
  await refused(file('empty.jsonl', ''), kept, /empty\.jsonl/, /at least one row|one JSON object/)
  await refused(file('torn.json', '[{"prompt": "a", "compl'), kept, /torn\.json is not/)
  await refused(file('strange.jsonl', '{"colour":"red"}\n'), kept, /no known shape/, /colour/)
  await refused(file('list.jsonl', '[1,2]\n'), kept, /list\.jsonl/)
  await refused(
    file('silent.jsonl', '{"prompt":"a","completion":""}\n'),
    kept,
    /silent\.jsonl has no row to train on/,
    /row 1: "completion" is empty/,
    /Fill it in, or remove the row/,
  )
  await refused(
    file('masked.jsonl', '{"input_ids":[1,2,3],"labels":[-100,-100,-100]}\n'),
    kept,
    /row 1: has nothing to learn: no token is supervised/,
    /Give it an answer/,
  )
  await refused(file('picture.png', 'x'), /picture\.png is not a \.jsonl/, /one JSON object a line/)

  await dropOn(area, [file('one.jsonl', '{}'), file('two.jsonl', '{}')])
  await expectRefusal(page, /One file at a time/)

  const mixed = [
    '{"prompt":"a","completion":"b"}',
    '{"prompt":"a","completion":"b"',
    '{"prompt":"a"}',
    '{"prompt":"a","completion":""}',
  ]
  await dropOn(area, [file('mixed.jsonl', mixed.join('\n'))])
  const table = page.getByRole('region', { name: 'Rows that cannot be used' })
  await expect(table.getByRole('row')).toHaveCount(4)
  for (const [row, cause] of [
    [2, /is not JSON/],
    [3, /"completion"/],
    [4, /"completion" is empty/],
  ] as const)
    await expect(table.getByRole('row', { name: new RegExp(`^${row} `) })).toContainText(cause)
  await go(page, /Overview/)
  await expect(start(page)).toBeDisabled()
  await go(page, /Data/)
  await page.getByRole('button', { name: 'Skip them and use the rest' }).click()
  await expect(page.getByText('3 of 4 rows are skipped.')).toBeVisible()
  await go(page, /Overview/)
  await expect(start(page)).toBeEnabled()
})

test('a file with columns of other names is read as a person says, and stays so in the recipe', async ({
  page,
}) => {
  await openStudio(page)
  await go(page, /Data/)
  const rows = [
    { id: 1, q: 'What is the capital of Alaska?', a: 'Juneau', tone: 'Be brief.' },
    { id: 2, q: 'What is the capital of Texas?', a: 'Austin', tone: 'Be brief.' },
  ]
  const own = file('own.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
  await page.locator('input[type=file]').first().setInputFiles(own)
  await expect(page.locator('#page').getByRole('alert')).toContainText('own.jsonl could not be used')
  await expect(page.getByRole('row', { name: 'q What is the capital of Alaska?' })).toBeVisible()
  const chooser = page.getByRole('region', { name: 'What is what in own.jsonl?' })
  const menu = (name: string) => chooser.getByRole('combobox', { name })
  await expect(menu('Column 1 of the prompt')).toHaveValue('q')
  await menu('Column of the answer').selectOption('id')
  await page.getByRole('button', { name: 'Read it like this' }).click()
  await expect(page.locator('#page').getByRole('alert')).toContainText('"id" is a number, not text')
  await menu('Column of the answer').selectOption('a')
  await page.getByRole('button', { name: 'Read it like this' }).click()
  await expect(page.getByRole('heading', { name: 'own.jsonl' })).toBeVisible()
  await expect(page.locator('#page').getByRole('alert')).toHaveCount(0)
  const system = page.getByRole('combobox', { name: 'Column of the instruction to all' })
  await system.focus()
  await system.selectOption('tone')
  await expect(page.getByRole('region', { name: 'Rows as they will be trained' })).toContainText('Be brief')
  await expect(system).toHaveValue('tone')
  await expect(system).toBeFocused()
  await go(page, /Train/)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save RUN.json' }).click(),
  ])
  const recipe = JSON.parse(readFileSync(await download.path(), 'utf8'))
  expect(recipe.data.mapping).toEqual({ shape: 'pair', prompt: ['q'], answer: 'a', system: 'tone' })
  await page.locator('input[type=file][accept*=json]').setInputFiles(file('RUN.json', '{}'))
  await expect(start(page)).toBeEnabled()
})

test('an impossible recipe is refused; the recipe before stays', async ({ page }) => {
  await openStudio(page)
  const refused = async (content: unknown, ...words: RegExp[]) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    await page.locator('input[type=file][accept*=json]').setInputFiles(file('wrong.json', text))
    await expectRefusal(page, /wrong\.json could not be used. The recipe before is still there/, ...words)
    await expect(start(page)).toBeEnabled()
  }
  await refused('{"lora": {', /wrong\.json is not JSON/, /RUN\.json/)
  await refused({ lora: { rank: 0, aplha: 8 }, optimizer: { lr: -1 } }, /lora\.rank/, /lora\.aplha/, /lr/)
  await refused(
    {
      method: 'qlora',
      quantization: { type: 'none' },
      train: { maxSteps: 2 },
      optimizer: { warmupSteps: 3 },
    },
    /quantization\.type is "none"/,
    /warmupSteps \(3\) is larger/,
  )
})
