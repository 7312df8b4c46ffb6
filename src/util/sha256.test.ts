import { expect, test } from 'vitest'
import { sha256 } from './sha256.ts'

test('sha256 of the standard’s example', async () => {
  expect(await sha256(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('sha256 of a part of a buffer sees that part alone', async () => {
  expect(await sha256(new Uint8Array([1, 2, 3]).subarray(1, 2))).toBe(await sha256(new Uint8Array([2])))
})
