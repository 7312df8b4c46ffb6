import { expect, type Page, test } from '@playwright/test'
import { goldenRequests, test as known } from './support/verified.ts'

/** A software adapter on a busy machine takes its time. */
test.describe.configure({ timeout: 300_000 })
const SLOW = { timeout: 240_000 }

const start = (page: Page) => page.getByRole('button', { name: /^Start training/ })

known(
  'a new device is verified by itself and passes, with figures; the verdict is kept',
  async ({ page, verdict }) => {
    // The fixture's page has done it: nobody asked for it.
    expect(verdict.golden).toHaveLength(1)
    const golden = goldenRequests(page)
    await page.goto('./#/device')
    const words = page.getByText(/^All \d\d checks passed/)
    await expect(words).toBeVisible()
    const table = page.getByRole('region', { name: 'Checks of this device' })
    const checks = Number(/\d+/.exec(await words.innerText()))
    expect(checks).toBeGreaterThan(30)
    expect(await table.getByRole('row').count()).toBe(checks + 1)
    await expect(table.getByText('golden curve')).toBeVisible()
    await expect(table.getByText('wrong', { exact: true })).toHaveCount(0)
    await expect(page.getByRole('link', { name: 'Device computes correctly' })).toBeVisible()
    expect(golden).toHaveLength(0)
  },
)

/** The engine's worker arrives with a mistake in one kernel, as if this GPU computed it wrongly. */
async function plant(page: Page): Promise<() => number> {
  let planted = 0
  await page.route(/\.js$/, async (route) => {
    const response = await route.fetch()
    const script = await response.text()
    const wrong = script.replaceAll('to_up = d * z * s;', 'to_up = d * z * s * 1.001;')
    if (wrong !== script) planted++
    await route.fulfill({ response, body: wrong })
  })
  return () => planted
}

test('a GPU with a wrong kernel is found out: Start is refused on every page, and the kernel is named', async ({
  page,
}) => {
  const planted = await plant(page)
  await page.goto('./')
  // Before it has been checked: the run waits for the check, and does not begin.
  await start(page).click(SLOW)
  await expect(page.getByText(/^Checking/).first()).toBeVisible()
  const refusal = page.getByRole('alert').filter({ hasText: 'swiglu_backward' })
  await expect(refusal.first()).toBeVisible(SLOW)
  expect(planted()).toBeGreaterThan(0)
  await expect(page.getByText('Training is refused').first()).toBeVisible()
  await expect(page.getByText(/step \d+ of/i)).toHaveCount(0)

  await page.reload()
  await expect(page.getByText('Training is refused').first()).toBeVisible(SLOW)
  await expect(page.getByText(/computes wrongly, so that nothing is trained/)).toBeVisible(SLOW)
  await expect(start(page)).toBeDisabled()

  await page.getByRole('link', { name: 'See what failed' }).click()
  await expect(page.getByText(/checks failed: this graphics card computes wrongly/)).toBeVisible()
  const wrong = page.getByRole('region', { name: 'Checks of this device' }).getByRole('row').nth(1)
  await expect(wrong).toContainText('swiglu')
  await expect(wrong).toContainText('wrong')
})
