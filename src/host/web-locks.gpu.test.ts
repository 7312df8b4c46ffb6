import { expect, test } from 'vitest'
import { webRunLocks } from './web-locks.ts'

test('a run is held by one at a time, and everyone sees it until it is given back', async () => {
  const [one, other] = [webRunLocks(navigator.locks), webRunLocks(navigator.locks)]
  const release = await one.hold('run-1')
  expect(await other.hold('run-1')).toBeNull()
  expect([...(await other.held())]).toEqual(['run-1'])
  const second = await other.hold('run-2')
  release?.()
  second?.()
  await expect.poll(async () => (await one.held()).size).toBe(0)
  expect(await other.hold('run-1')).not.toBeNull()
})
