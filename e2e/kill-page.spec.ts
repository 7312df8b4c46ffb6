import { expect, test } from '@playwright/test'
import { checkPageKills } from './support/kill-page.ts'

test.describe.configure({ timeout: 300_000 })

test('a run on IndexedDB whose page is killed three times ends with the bytes of the uninterrupted one', async () => {
  expect((await checkPageKills(3, Date.now() % 2 ** 31)).moments).toHaveLength(3)
})

test('so does one that trains every weight', async () => {
  expect((await checkPageKills(1, Date.now() % 2 ** 31, 'tiny-llama-tied/full')).moments).toHaveLength(1)
})
