import { describe, expect, it } from 'vitest'
import type { DeviceReport } from '../../../src/session/reports.ts'
import { browserObstacle } from './browser-support.ts'
import { deviceName } from './device-name.ts'

describe('browserObstacle', () => {
  it('names the cause, the insecure page before the missing WebGPU it hides', () => {
    expect(browserObstacle({ isSecureContext: false, hasWebGpu: false })).toBe('insecure')
    expect(browserObstacle({ isSecureContext: true, hasWebGpu: false })).toBe('no-webgpu')
    expect(browserObstacle({ isSecureContext: true, hasWebGpu: true })).toBeNull()
  })
})

describe('deviceName', () => {
  const named = (names: Partial<DeviceReport['device']>) =>
    deviceName({
      uses: [],
      device: {
        vendor: '',
        architecture: '',
        device: '',
        description: '',
        features: [],
        limits: {},
        software: false,
        ...names,
      },
    })

  it('takes the description, else what there is, each word once', () => {
    expect(named({ description: 'NVIDIA H100', vendor: 'nvidia' })).toBe('NVIDIA H100')
    expect(named({ vendor: 'google', architecture: 'swiftshader' })).toBe('google swiftshader')
    expect(named({ vendor: 'apple', device: 'apple' })).toBe('apple')
    expect(named({})).toBe('')
  })
})
