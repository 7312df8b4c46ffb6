import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkKillSeries } from './support/kill-series.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-kills-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('25 kills at random moments change no byte of the result', async () => {
  expect(await checkKillSeries(folder, 25, Date.now() % 2 ** 31)).toHaveLength(25)
})
