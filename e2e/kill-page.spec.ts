import { expect, test } from '@playwright/test'
import { checkPageKills } from './support/kill-page.ts'

test.describe.configure({ timeout: 300_000 })

test('a run on IndexedDB that trains every weight ends with the bytes of the uninterrupted one though its page is killed', async () => {
  expect((await checkPageKills(1, Date.now() % 2 ** 31, 'tiny-llama-tied/full')).moments).toHaveLength(1)
})
