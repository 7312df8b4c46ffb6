import { expect, test } from 'vitest'
import { attachBinary, detachBinary } from './binary-exchange.ts'

test('typed arrays anywhere in a result survive a border that carries only JSON', async () => {
  const stored: Uint8Array<ArrayBuffer>[] = []
  const result = {
    shape: [1, 2, 2],
    logits: Float32Array.of(1.5, Number.NaN, -0, 3e38),
    files: [
      { path: 'adapter/a.safetensors', bytes: Uint8Array.of(1, 2, 3) },
      { path: 'empty', bytes: new Uint8Array(0) },
    ],
    nothing: null,
    view: new Float32Array(Float32Array.of(9, 8, 7).buffer, 4, 2),
  }
  const detached = await detachBinary(result, async (bytes) => stored.push(bytes) - 1)
  // As an upload gives them back: anywhere in a larger buffer.
  const shifted = stored.map((bytes) => {
    const room = new Uint8Array(bytes.length + 1)
    room.set(bytes, 1)
    return room.subarray(1)
  })
  expect(attachBinary(JSON.parse(JSON.stringify(detached)), (id) => shifted[id])).toEqual(result)
})

test('an array type that is not carried is refused by name', async () => {
  await expect(detachBinary({ a: new BigInt64Array(1) }, async () => 0)).rejects.toThrow(/BigInt64Array/)
})
