import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { isCurrent, sourceHash, writeStamp } from './build-stamp.mjs'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nibble-stamp-'))
  mkdirSync(join(root, 'src/ops'), { recursive: true })
  writeFileSync(join(root, 'src/ops/add.ts'), 'export const add = 1\n')
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
})
const hash = () => sourceHash(root, ['src', 'index.html'])

test('is the same for the same bytes, whatever their times', () => {
  const before = hash()
  utimesSync(join(root, 'src/ops/add.ts'), 1, 1)
  expect(hash()).toBe(before)
})

test('changes with a byte, a name, an addition and a removal', () => {
  const hashes = [hash()]
  writeFileSync(join(root, 'src/ops/add.ts'), 'export const add = 2\n')
  hashes.push(hash())
  writeFileSync(join(root, 'index.html'), '<!doctype html>')
  hashes.push(hash())
  rmSync(join(root, 'src/ops/add.ts'))
  hashes.push(hash())
  writeFileSync(join(root, 'src/ops/sum.ts'), 'export const add = 2\n')
  hashes.push(hash())
  expect(new Set(hashes).size).toBe(hashes.length)
})

test('does not change with a test', () => {
  const before = hash()
  writeFileSync(join(root, 'src/ops/add.test.ts'), '')
  expect(hash()).toBe(before)
})

test('a stamp is current until the hash differs', () => {
  const stamp = join(root, '.cache/build/app.stamp')
  expect(isCurrent(stamp, 'a')).toBe(false)
  writeStamp(stamp, 'a')
  expect([isCurrent(stamp, 'a'), isCurrent(stamp, 'b')]).toEqual([true, false])
})
