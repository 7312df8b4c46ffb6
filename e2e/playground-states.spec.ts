import { expect, type Page, test } from '@playwright/test'
import { expectAccessible } from './support/accessible.ts'
import { type Script, scriptEngine } from './support/scripted-engine.ts'
import { withoutGpu } from './support/without-gpu.ts'

/** The playground in its states, against a scripted engine (see page-states.spec.ts). */

test.use(withoutGpu)

const column = (page: Page, name: string) => page.getByRole('article', { name })

async function open(page: Page, script: Script = {}): Promise<void> {
  await scriptEngine(page, { steps: 6, paceMs: 2, layers: 2, ...script })
  await page.goto('./#/')
  await expect(page.getByRole('button', { name: /^Start training/ })).toBeEnabled()
}

async function train(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Start training/ }).click()
  await expect(page.getByRole('heading', { name: /^Done/ })).toBeVisible({ timeout: 60_000 })
}

/** The fourth step of the work, by its key. */
const toPlayground = (page: Page) => page.keyboard.press('4')

const alaska = (page: Page) => page.getByRole('button', { name: 'What is the capital of Alaska?' })

for (const colorScheme of ['light', 'dark'] as const) {
  test(`base and tuned side by side, differences and probabilities shown (${colorScheme})`, async ({
    page,
  }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await open(page)
    await train(page)
    await toPlayground(page)
    await expectAccessible(page)
    await alaska(page).click()
    await expect(column(page, 'Base')).toContainText('a small town')
    await expect(column(page, 'Tuned')).toContainText('The capital of Alaska is Juneau.')
    await expect(column(page, 'Tuned')).toContainText('as in the data')
    await expect(column(page, 'Tuned')).toContainText('1 of 6 tokens differ from the base')
    await expect(column(page, 'Base')).toContainText('87.3 tokens/s')
    await expect(page.getByText('In the data: The capital of Alaska is Juneau.')).toBeVisible()

    const strip = column(page, 'Tuned').getByRole('slider')
    await strip.focus()
    await page.keyboard.press('End')
    await expect(strip).toHaveAttribute('aria-valuetext', /token 6 of 6: " Juneau\.", 9\d(\.\d)? %/)
    await expect(column(page, 'Tuned')).toContainText('% sure')

    await page.getByRole('button', { name: 'Show exact prompt' }).click()
    await expect(page.getByText('<|user|>What is the capital of Alaska?<|end|><|assistant|>')).toBeVisible()
    await expectAccessible(page)
  })
}

test('sliding the adapter down to the base answers the last question again, live', async ({ page }) => {
  await open(page)
  await train(page)
  await toPlayground(page)
  await alaska(page).click()
  await expect(column(page, 'Tuned')).toContainText('Juneau')
  await page.getByRole('slider', { name: /^Strength/ }).focus()
  await page.keyboard.press('Home')
  await expect(column(page, 'Tuned')).toContainText('a small town')
  await expect(column(page, 'Tuned')).toContainText('× 0')
  await expect(column(page, 'Tuned')).toContainText('the same as the base')
})

test('by keyboard the tuned column goes back to an earlier step of its run, and forward again, live', async ({
  page,
}) => {
  await open(page, { steps: 24, paceMs: 60 })
  await train(page)
  await toPlayground(page)
  await alaska(page).click()
  await expect(column(page, 'Tuned')).toContainText('Juneau')
  const slider = page.getByRole('slider', { name: 'Tuned as at' })
  await expect(slider).toHaveAttribute('aria-valuetext', 'step 24 of 24')
  await slider.press('Home')
  await expect(slider).toHaveAttribute('aria-valuetext', /^step ([2-9]|1[0-2]) of 24$/)
  await expect(column(page, 'Tuned')).toContainText(/as it was at step \d+/)
  await expect(column(page, 'Tuned')).toContainText('a small town')
  await expectAccessible(page)
  await slider.press('End')
  await expect(column(page, 'Tuned')).toContainText('Juneau')
  await expect(column(page, 'Tuned')).toContainText('after 24 steps')
})

test('a text is written while it comes, and stopped by a button', async ({ page }) => {
  await open(page, { holdTextAt: 3 })
  await toPlayground(page)
  await page.getByRole('textbox', { name: 'Ask something' }).fill('What is the capital of Arizona?')
  await page.keyboard.press('Enter')
  await expect(column(page, 'Base')).toContainText('The capital of')
  await expect(column(page, 'Base')).toContainText('writes')
  await expect(page.getByRole('link', { name: /Playground/ })).toContainText('answering')
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await expect(column(page, 'Base')).toContainText('stopped')
  await expect(page.getByRole('button', { name: 'Ask', exact: true })).toBeVisible()
})

test('while a run trains it offers to pause, and then both answer', async ({ page }) => {
  await open(page, { steps: 24, holdAt: 12 })
  await page.getByRole('button', { name: /^Start training/ }).click()
  await expect(page.locator('#page').getByText('step 12 of 24', { exact: true })).toBeVisible()
  await toPlayground(page)
  await expect(alaska(page)).toBeDisabled()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Pause the run' }).click()
  await alaska(page).click()
  await expect(column(page, 'Tuned')).toContainText('paused at step 12')
  await expect(column(page, 'Tuned')).toContainText('Juneau')
})

test('a failure stands in its column, with what to do', async ({ page }) => {
  const lost = { code: 'device/lost', message: 'The GPU was lost', hint: 'Close other programs.' }
  await open(page, { reject: { 'model/generate': lost } })
  await toPlayground(page)
  await alaska(page).click()
  await expect(column(page, 'Base').getByRole('alert')).toContainText('The GPU was lost')
  await expect(column(page, 'Base').getByRole('button', { name: 'Try again' })).toBeVisible()
  await expectAccessible(page)
})

test('an adapter from files is one column more; other files are refused with what is missing', async ({
  page,
}) => {
  await open(page)
  await toPlayground(page)
  const input = page.locator('#page input[type=file]').first()
  const json = { name: 'adapter_config.json', mimeType: 'application/json', buffer: Buffer.from('{}') }
  await input.setInputFiles([json])
  await expect(page.getByRole('alert')).toContainText('adapter_model.safetensors')
  await input.setInputFiles([
    json,
    { name: 'adapter_model.safetensors', mimeType: 'application/octet-stream', buffer: Buffer.from('00') },
  ])
  await expect(page.getByRole('alert')).toHaveCount(0)
  await alaska(page).click()
  await expect(column(page, 'adapter')).toContainText('Juneau')
  await expect(column(page, 'Tuned')).toHaveCount(0)
})

test('a step that is kept and a run of the history answer beside base and tuned', async ({ page }) => {
  await open(page)
  await train(page)
  await toPlayground(page)
  await page.getByRole('button', { name: 'Keep step 6 as a column' }).click()
  await page.getByRole('combobox', { name: 'Of an earlier run' }).click()
  await page.getByRole('option', { name: 'us-state-capitals 1' }).click()
  const columns = page.getByRole('list', { name: 'Who answers' })
  await expect(columns.getByRole('checkbox')).toHaveCount(4)
  await columns.getByRole('checkbox', { name: 'Base' }).uncheck()
  await alaska(page).click()
  await expect(column(page, 'Step 6')).toContainText('kept of this run')
  await expect(column(page, 'us-state-capitals 1')).toContainText('earlier run, at step 6')
  for (const name of ['Tuned', 'Step 6', 'us-state-capitals 1'])
    await expect(column(page, name)).toContainText('Juneau')
  await expect(column(page, 'Base')).toHaveCount(0)
  await expectAccessible(page)
  await columns.getByRole('button', { name: 'Remove Step 6' }).click()
  await expect(columns.getByRole('checkbox')).toHaveCount(3)
})

test('nothing is wider than a phone; the settings are behind a button there', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await open(page)
  await page.evaluate(() => {
    location.hash = '/playground'
  })
  await alaska(page).click()
  await expect(column(page, 'Base')).toContainText('a small town')
  await expect(page.getByRole('textbox', { name: /^Seed/ })).toBeHidden()
  await page.getByRole('button', { name: 'Settings', exact: true }).click()
  await expect(page.getByRole('textbox', { name: /^Seed/ })).toBeVisible()
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(excess).toBeLessThanOrEqual(0)
})
