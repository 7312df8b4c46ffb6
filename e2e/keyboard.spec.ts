import { expect, type Locator, type Page, test } from '@playwright/test'
import { type Script, scriptEngine } from './support/scripted-engine.ts'
import { tabWalk } from './support/tab-walk.ts'
import { withoutGpu } from './support/without-gpu.ts'

/** The whole studio without a pointer, against a scripted engine (see page-states.spec.ts). */

test.use({
  ...withoutGpu,
  contextOptions: { reducedMotion: 'reduce' },
})

async function open(page: Page, script: Script = {}): Promise<void> {
  await scriptEngine(page, { steps: 12, paceMs: 1, layers: 1, ...script })
  await page.goto('./')
  await expect(start(page)).toBeEnabled()
}

const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name })

/** Presses Tab until the element has the focus. */
async function tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const element = await target.elementHandle()
  for (let count = 0; count < 200; count++) {
    if (await element?.evaluate((wanted) => wanted === document.activeElement)) return
    await target.page().keyboard.press(key)
  }
  throw new Error(`200 × ${key} did not reach ${target}`)
}

async function pressOn(target: Locator, key = 'Enter'): Promise<void> {
  await tabTo(target)
  await target.page().keyboard.press(key)
}

/** By its link in the rail; the focus is then at the head of the new page. */
async function go(page: Page, link: string, title: string): Promise<void> {
  await tabTo(page.getByRole('navigation').getByRole('link', { name: link }), 'Shift+Tab')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeFocused()
}

/** Tab reaches all that can be used, shows where it is, and comes round. */
async function expectWalkable(page: Page, place: string, least: number): Promise<void> {
  await test.step(place, async () => {
    const { stops, ...faults } = await tabWalk(page)
    expect(faults, place).toEqual({ unmarked: [], covered: [], missed: [], idle: [] })
    expect(stops.length, `${place}: ${stops.join(', ')}`).toBeGreaterThanOrEqual(least)
    expect(stops[0]).toContain('Skip to the page')
  })
}

const show = (page: Page, path: string) =>
  page.evaluate((to) => {
    location.hash = to
  }, path)

test('Tab reaches everything on every page before a run, shows where it is, and is caught nowhere', async ({
  page,
}) => {
  await open(page, { badRows: 3 })
  await expectWalkable(page, 'overview', 20)
  await show(page, '/model')
  await expect(page.getByRole('heading', { level: 1, name: 'Model' })).toBeFocused()
  await expectWalkable(page, 'model', 15)
  await show(page, '/data')
  await expectWalkable(page, 'data', 18)
  await show(page, '/train')
  await page.getByText('All', { exact: true }).click()
  await expectWalkable(page, 'recipe', 40)
  await show(page, '/quantization')
  await button(page, 'Quantize and measure').click()
  await expect(button(page, 'Measure again')).toBeVisible()
  await expectWalkable(page, 'quantization', 30)
  await show(page, '/device')
  await expect(page.getByText(/checks passed/)).toBeVisible()
  await expectWalkable(page, 'device', 15)
  await show(page, '/runs')
  await expectWalkable(page, 'no runs', 15)
})

test('Tab reaches everything on every page with a run, shows where it is, and is caught nowhere', async ({
  page,
}) => {
  await open(page, { holdAt: 8, pages: { gpu: 2, host: 2, store: 2 } })
  await start(page).click()
  await expect(page.locator('#page').getByText('step 8 of 12', { exact: true })).toBeVisible()
  await expectWalkable(page, 'live run', 35)
  await page.keyboard.press('4')
  await button(page, 'Pause the run').click()
  await page.getByRole('button', { name: 'What is the capital of Alaska?' }).click()
  await expect(page.getByRole('article', { name: 'Tuned' })).toContainText('Juneau')
  await expectWalkable(page, 'playground', 30)
  await page.getByRole('banner').getByRole('button', { name: 'Stop', exact: true }).click()
  await button(page, 'Stop the run').click()
  await show(page, '/runs')
  await page.getByRole('checkbox', { name: /^Compare us-state/ }).check()
  await expect(page.getByRole('figure', { name: /^Loss of 1 run/ })).toBeVisible()
  await expectWalkable(page, 'runs', 35)
  await page.getByRole('link', { name: 'us-state-capitals 1' }).click()
  await expect(page.getByRole('figure', { name: /^Loss: / })).toBeVisible()
  await expectWalkable(page, 'a kept run', 30)
})

test('from the recipe to the stopped run and its adapter by keyboard', async ({ page }) => {
  await open(page, { steps: 2000, paceMs: 50, holdAt: 8 })
  const { keyboard } = page
  await keyboard.press('Tab')
  await expect(button(page, 'Skip to the page')).toBeFocused()
  await expect(button(page, 'Skip to the page')).toBeInViewport()
  await keyboard.press('Enter')
  await expect(page.locator('#page')).toBeFocused()

  const keys = page.getByRole('dialog', { name: 'Keys' })
  await keyboard.press('?')
  await expect(keys).toContainText('Pause or resume the run')
  await keyboard.press('2')
  await keyboard.press('Escape')
  await expect(keys).toHaveCount(0)
  await expect(heading(page, /^Teach a small/)).toBeVisible()
  await pressOn(button(page, 'Keyboard'))
  await expect(keys).toBeVisible()
  await keyboard.press('Escape')
  await expect(button(page, 'Keyboard')).toBeFocused()

  for (const [key, title] of ['Model', 'Data', 'Train', 'Playground'].entries()) {
    await keyboard.press(String(key + 1))
    await expect(page.getByRole('heading', { level: 1, name: title })).toBeFocused()
  }

  await keyboard.press('2')
  await tabTo(page.getByRole('radio', { name: 'US state capitals' }))
  await keyboard.press('ArrowDown')
  await expect(page.getByRole('radio', { name: 'Word cards' })).toBeChecked()

  await keyboard.press('3')
  await tabTo(page.getByRole('radio', { name: 'Few' }))
  await keyboard.press('ArrowRight')
  await keyboard.press('ArrowRight')
  const rank = page.getByRole('textbox', { name: /^Rank/ })
  await tabTo(rank)
  await keyboard.press('Control+A')
  await keyboard.type('3')
  await expect(page.getByRole('heading', { level: 1, name: 'Train' })).toBeVisible()
  await expect(rank).toHaveValue('3')
  await tabTo(page.getByRole('button', { name: /^Rank: / }))
  await keyboard.press('Enter')
  await expect(rank).not.toHaveValue('3')
  await expect(start(page)).toBeEnabled()
  await pressOn(start(page))

  await expect(page.locator('#page').getByText('step 8 of 2,000', { exact: true })).toBeVisible()
  await expect(page.getByRole('heading', { level: 1, name: 'This run' })).toBeFocused()
  await expect(page.getByRole('heading', { level: 1, name: 'This run' })).toBeInViewport()
  await keyboard.press('Space')
  await expect(heading(page, 'Paused')).toBeVisible()
  await keyboard.press('Space')
  await expect(heading(page, 'Training')).toBeVisible()
  await tabTo(button(page, 'Loss: Show as a table'))
  await keyboard.press('Space')
  await expect(page.getByRole('region', { name: 'Loss' }).getByRole('row').nth(8)).toBeVisible()
  await tabTo(page.getByRole('region', { name: 'Loss' }).last())
  await keyboard.press('Space')
  await expect(heading(page, 'Training')).toBeVisible()

  const main = page.getByRole('main')
  await pressOn(main.getByRole('button', { name: 'Pause' }), 'Space')
  await expect(heading(page, 'Paused')).toBeVisible()
  const stop = main.getByRole('button', { name: 'Stop', exact: true })
  await pressOn(stop)
  await expect(button(page, 'Go on training')).toBeFocused()
  await keyboard.press('Escape')
  await expect(stop).toBeFocused()
  await keyboard.press('Enter')
  await expect(button(page, 'Go on training')).toBeFocused()
  await pressOn(button(page, 'Stop the run'))
  await expect(heading(page, /^Stopped/)).toBeVisible()
  const files: string[] = []
  page.on('download', (file) => files.push(file.suggestedFilename()))
  await pressOn(button(page, 'Download adapter'))
  await expect.poll(() => files.sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors'])
})

test('playground, quantization, device and runs by keyboard', async ({ page }) => {
  await open(page)
  const { keyboard } = page
  for (const run of [1, 2]) {
    await keyboard.press('3')
    if (run > 1) await pressOn(button(page, 'Back to the recipe'))
    await expect(start(page)).toBeEnabled()
    await pressOn(start(page))
    await expect(heading(page, /^Done/)).toBeVisible()
  }

  await keyboard.press('4')
  await tabTo(page.getByRole('textbox', { name: 'Ask something' }))
  await keyboard.type('3 What is the capital of Alaska?')
  await keyboard.press('Enter')
  const tuned = page.getByRole('article', { name: 'Tuned' })
  await expect(tuned).toContainText('Juneau')
  await tabTo(tuned.getByRole('slider'))
  await keyboard.press('End')
  await expect(tuned).toContainText('% sure')

  await go(page, 'Quantization', 'Quantization')
  await pressOn(button(page, 'Quantize and measure'))
  await expect(button(page, 'Measure again')).toBeVisible()
  await pressOn(button(page, 'Signal to noise'), 'Space')
  await expect(page.getByRole('columnheader', { name: 'Signal to noise' })).toHaveAttribute(
    'aria-sort',
    'ascending',
  )
  await pressOn(button(page, 'Show the codes of 0.up_proj'))
  await expect(heading(page, 'Codes of 0.up_proj')).toBeVisible()

  await go(page, 'Device', 'This device')
  await pressOn(button(page, 'Check again'))
  await expect(page.getByText(/^All 3 checks passed/)).toBeVisible()

  await go(page, 'Runs', 'Runs')
  const lastLoss = page.getByRole('columnheader', { name: /^Last loss/ })
  await pressOn(lastLoss.getByRole('button'))
  await expect(lastLoss).toHaveAttribute('aria-sort', 'ascending')
  await pressOn(page.getByRole('checkbox', { name: 'Compare us-state-capitals 1' }), 'Space')
  const actions = button(page, 'Actions for us-state-capitals 1')
  const edit = page.getByRole('menuitem', { name: 'Name and notes' })
  await pressOn(actions)
  await expect(edit).toBeFocused()
  await keyboard.press('Escape')
  await expect(actions).toBeFocused()
  await keyboard.press('Enter')
  await expect(edit).toBeFocused()
  await keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused()
  await keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(actions).toBeFocused()
  await pressOn(page.getByRole('checkbox', { name: 'Compare us-state-capitals 2' }), 'Space')
  await expect(page.getByRole('figure', { name: /^Loss of 2 runs/ })).toBeVisible()
})
