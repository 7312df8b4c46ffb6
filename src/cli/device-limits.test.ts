import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../graph/device.ts'
import { deviceLimits } from './device-limits.ts'

test('limits that are left out are those every device has; others that WebGPU knows are passed over', () => {
  const expected = { ...DEFAULT_LIMITS, maxBufferSize: 2 ** 32 }
  expect(deviceLimits({ maxBufferSize: 2 ** 32, maxTextureDimension2D: 8192 })).toEqual(expected)
  expect(deviceLimits({ vendor: 'x', limits: { maxBufferSize: 2 ** 32 } })).toEqual(expected)
})

test('every wrong limit is named', () => {
  const wrong = () => deviceLimits({ maxBufferSize: '4 GiB', maxStorageBuffersPerShaderStage: 0, buffers: 3 })
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
  expect(() => deviceLimits([1])).toThrow(/must hold a JSON object/)
})
