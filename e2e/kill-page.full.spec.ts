import { expect, test } from '@playwright/test'
import { checkPageKills } from './support/kill-page.ts'

for (const [name, kills] of [
  ['tiny-llama/qlora', 24],
  ['tiny-llama/full', 12],
  ['tiny-llama-tied/full', 12],
] as const) {
  test(`${name}: ${kills} kills of the page at random moments, some in the middle of a write, change no byte of the result`, async () => {
    const { moments, midWrite } = await checkPageKills(kills, Date.now() % 2 ** 31, name)
    test.info().annotations.push({ type: 'kills', description: moments.join('; ') })
    expect(moments).toHaveLength(kills)
    expect(midWrite).toBeGreaterThan(0)
  })
}
