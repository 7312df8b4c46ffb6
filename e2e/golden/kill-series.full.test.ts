import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkKillSeries } from './support/kill-series.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-kills-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  ['tiny-llama/qlora', 25],
  ['tiny-llama-tied/full', 10],
])('%s: %i kills at random moments change no byte of the result', async (name, kills) => {
  const moments = await checkKillSeries(join(folder, name), kills, Date.now() % 2 ** 31, name)
  expect(moments).toHaveLength(kills)
})
