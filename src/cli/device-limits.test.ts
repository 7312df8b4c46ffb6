import { expect, test } from 'vitest'
import { DEFAULT_LIMITS, DEFAULT_TRAITS } from '../graph/device.ts'
import { deviceTraits } from './device-limits.ts'

test('limits that are left out are those every device has; others that WebGPU knows are passed over', () => {
  const expected = { ...DEFAULT_TRAITS, limits: { ...DEFAULT_LIMITS, maxBufferSize: 2 ** 32 } }
  expect(deviceTraits({ maxBufferSize: 2 ** 32, maxTextureDimension2D: 8192 })).toEqual(expected)
  expect(deviceTraits({ vendor: 'x', limits: { maxBufferSize: 2 ** 32 } })).toEqual(expected)
})

test('a software adapter is planned for as one, also out of run.json', () => {
  const device = { limits: { maxBufferSize: 2 ** 32 }, software: true }
  expect(deviceTraits(device)).toMatchObject({ software: true, limits: { maxBufferSize: 2 ** 32 } })
  expect(deviceTraits({ seed: 42, device })).toEqual(deviceTraits(device))
})

test('every wrong limit is named', () => {
  const wrong = () => deviceTraits({ maxBufferSize: '4 GiB', maxStorageBuffersPerShaderStage: 0, buffers: 3 })
  expect(wrong).toThrow(
    expect.objectContaining({
      code: 'input/limits',
      problems: [
        expect.objectContaining({ message: '--device-limits: "maxBufferSize" is "4 GiB"' }),
        expect.objectContaining({ message: '--device-limits: "maxStorageBuffersPerShaderStage" is 0' }),
        expect.objectContaining({ message: '--device-limits: "buffers" is no WebGPU limit' }),
      ],
    }),
  )
  expect(() => deviceTraits([1])).toThrow(/must hold a JSON object/)
})
