import { expect, test } from '@playwright/test'
import { checkPageKills } from './support/kill-page.ts'

test('24 kills of the page at random moments, some in the middle of a write, change no byte of the result', async () => {
  const { moments, midWrite } = await checkPageKills(24, Date.now() % 2 ** 31)
  test.info().annotations.push({ type: 'kills', description: moments.join('; ') })
  expect(moments).toHaveLength(24)
  expect(midWrite).toBeGreaterThan(0)
})
