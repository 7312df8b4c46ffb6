import { type BrowserContextOptions, expect, type Page, test as plain } from '@playwright/test'

type StorageState = Exclude<BrowserContextOptions['storageState'], string | undefined>

/** What a page kept of its GPU, and the golden files that it asked for to check it. */
interface Verdict {
  storage: StorageState
  golden: readonly string[]
}

/** The golden files that a page asks for, from now on: one for each time it verifies its GPU. */
export function goldenRequests(page: Page): string[] {
  const urls: string[] = []
  page.on('request', (request) => {
    if (/nf4.*\.json/.test(request.url())) urls.push(request.url())
  })
  return urls
}

/**
 * Tests whose browser has met this GPU before: one page verifies it in truth, and every context begins with that
 * verdict in its storage, as on a second visit. What a first visit does is tested without it.
 */
export const test = plain.extend<object, { verdict: Verdict }>({
  verdict: [
    async ({ browser }, use) => {
      const context = await browser.newContext({
        baseURL: `http://127.0.0.1:${process.env.NIBBLE_E2E_PORT}/`,
      })
      const page = await context.newPage()
      const golden = goldenRequests(page)
      await page.goto('./#/device')
      await expect(page.getByText(/^All \d\d checks passed/)).toBeVisible({ timeout: 240_000 })
      const { origins } = await context.storageState({ indexedDB: true })
      await context.close()
      await use({ storage: { cookies: [], origins }, golden })
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  storageState: ({ verdict }, use) => use(verdict.storage),
})

export { expect, type Page } from '@playwright/test'
