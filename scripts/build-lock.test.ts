import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { withLock } from './build-lock.mjs'

let lock = ''
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'nibble-lock-'))
  lock = join(folder, 'cache', 'app.lock')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

test('one at a time, and the lock is gone at the end', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    inside++
    most = Math.max(most, inside)
    await delay(20)
    inside--
  }
  await Promise.all([withLock(lock, work), withLock(lock, work), withLock(lock, work)])
  expect(most).toBe(1)
  expect(existsSync(lock)).toBe(false)
})

test('is given back when the work fails', async () => {
  await expect(withLock(lock, () => Promise.reject(new Error('no build')))).rejects.toThrow('no build')
  expect(existsSync(lock)).toBe(false)
})

test('is taken over from a process that has died', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  mkdirSync(lock, { recursive: true })
  writeFileSync(join(lock, 'pid'), String(pid))
  expect(await withLock(lock, async () => 'built')).toBe('built')
})
