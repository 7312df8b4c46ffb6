import { type BrowserContextOptions, expect, test as plain } from '@playwright/test'

type StorageState = Exclude<BrowserContextOptions['storageState'], string | undefined>

/**
 * Tests whose browser has met this GPU before: one page verifies it in truth, and every context begins with that
 * verdict in its storage, as on a second visit. What a first visit does is tested without it.
 */
export const test = plain.extend<object, { verdict: StorageState }>({
  verdict: [
    async ({ browser }, use) => {
      const context = await browser.newContext({
        baseURL: `http://127.0.0.1:${process.env.NIBBLE_E2E_PORT}/`,
      })
      const page = await context.newPage()
      await page.goto('./#/device')
      await expect(page.getByText(/^All \d\d checks passed/)).toBeVisible({ timeout: 240_000 })
      const { origins } = await context.storageState({ indexedDB: true })
      await context.close()
      await use({ cookies: [], origins })
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  storageState: ({ verdict }, use) => use(verdict),
})

export { expect, type Page } from '@playwright/test'
