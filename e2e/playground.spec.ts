import { readFileSync } from 'node:fs'
import { expect, type Page, test } from './support/verified.ts'

/** The real engine in real Chromium, which trains short steps that nothing is measured for. */
test.describe.configure({ timeout: 600_000 })

const MODEL = new URL('../public/models/studio-tiny-3m/', import.meta.url)

const ROWS = ['red', 'green', 'blue', 'black', 'white', 'grey'].map((colour) =>
  JSON.stringify({ instruction: `Say ${colour}.`, output: `${colour}!` }),
)

/** More steps than the test waits for. */
const RECIPE = {
  data: { maxSeqLength: 32, packing: false },
  train: { maxSteps: 1000, batchSize: 2, gradAccumSteps: 1, gradientCheckpointing: false },
  optimizer: { lr: 2e-3 },
}

const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })
const column = (page: Page, name: string) => page.getByRole('article', { name })

function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  return complaints
}

test('while a run is paused, base and tuned answer one question, and the run goes on', async ({ page }) => {
  const complaints = complaintsOf(page)
  await page.goto('./#/train')
  await page.locator('input[type=file][accept*=json]').setInputFiles({
    name: 'RUN.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(RECIPE)),
  })
  await page.getByLabel('How often').selectOption('Never')
  await page.getByRole('link', { name: /Data/ }).first().click()
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({
      name: 'colours.jsonl',
      mimeType: 'application/jsonl',
      buffer: Buffer.from(ROWS.join('\n')),
    })
  await expect(page.getByText(/6 rows/).first()).toBeVisible({ timeout: 240_000 })
  await page.getByRole('link', { name: /Overview/ }).click()
  await expect(start(page)).toBeEnabled({ timeout: 240_000 })
  await start(page).click()
  await expect(page.getByText(/step ([2-9]|\d\d+) of/i).first()).toBeVisible({ timeout: 240_000 })

  await page.getByRole('link', { name: /Playground/ }).click()
  await page.getByRole('button', { name: 'Pause the run' }).click()
  const question = page.getByRole('button', { name: 'Say red.' })
  await expect(question).toBeEnabled({ timeout: 120_000 })
  await page.getByRole('textbox', { name: 'At most' }).fill('8')
  await question.click()
  for (const name of ['Base', 'Tuned'])
    await expect(column(page, name)).toContainText('tokens/s', { timeout: 240_000 })
  await expect(column(page, 'Tuned')).toContainText(/paused at step \d+/)
  await expect(column(page, 'Tuned')).toContainText(/differ from the base|the same as the base/)
  await expect(page.getByText('In the data: red!')).toBeVisible()

  await page.getByRole('button', { name: 'Show exact prompt' }).click()
  await expect(page.getByText('<|endoftext|><|user|>Say red.<|end|><|assistant|>')).toBeVisible()

  await page.getByRole('button', { name: 'Resume' }).first().click()
  await expect(page.getByText(/The GPU is busy training/)).toBeVisible({ timeout: 120_000 })
  expect(complaints).toEqual([])
})

test('a model whose chat template never ends is opened all the same: the page lives, chat is refused, plain text works', async ({
  page,
}) => {
  const loop = '{% for a in range(99999) %}'
  const config = JSON.parse(readFileSync(new URL('tokenizer_config.json', MODEL), 'utf8'))
  config.chat_template = `${loop.repeat(4)}${'{% endfor %}'.repeat(4)}`
  const files = ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json'].map(
    (name) => ({
      name,
      mimeType: 'application/octet-stream',
      buffer: readFileSync(new URL(name, MODEL)),
    }),
  )
  await page.goto('./#/model')
  await expect(page.getByText('3.15 M').first()).toBeVisible({ timeout: 240_000 })
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles([
      ...files,
      {
        name: 'tokenizer_config.json',
        mimeType: 'application/json',
        buffer: Buffer.from(JSON.stringify(config)),
      },
    ])
  await expect(page.getByRole('alert').filter({ hasText: 'chat template' })).toContainText(
    'was stopped: it had not finished after 3 seconds',
    { timeout: 240_000 },
  )
  await page.keyboard.press('4')
  await expect(page.getByText('The model’s chat template cannot be used. Plain text works.')).toBeVisible()
  await page.getByText('Plain text', { exact: true }).click()
  await page.getByRole('textbox', { name: 'At most' }).fill('4')
  await page.getByRole('textbox', { name: 'Begin a text' }).fill('The sea')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(column(page, 'Base')).toContainText('tokens/s', { timeout: 240_000 })
})
