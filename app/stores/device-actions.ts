import { type ErrorData, errorToData } from '../../src/util/errors.ts'
import type { Obstacle } from './state.ts'
import type { StudioParts } from './studio.ts'

/** Codes with which the engine refuses a machine (src/host, src/gpu). */
const OBSTACLES: Record<string, Obstacle> = {
  'device/insecure': 'insecure',
  'device/no-webgpu': 'no-webgpu',
  'device/no-adapter': 'no-adapter',
}

/** The machine under it all. */
export function deviceActions({ engine, stores: { device }, preparation, verification }: StudioParts) {
  return {
    /** Looks at the device, then opens what ships with the page. */
    async begin() {
      try {
        const report = await engine.execute('device/describe', {})
        device.setState({ status: 'ready', report })
        void verification.begin(report)
      } catch (error) {
        const data = errorToData(error)
        const obstacle = OBSTACLES[data.code] ?? 'engine-failed'
        if (device.getState().status !== 'blocked')
          device.setState({ status: 'blocked', obstacle, error: data })
        return
      }
      await preparation.prepare('model')
    },

    /** The engine is gone for good; only a reload brings it back. */
    engineCrashed(error: ErrorData) {
      device.setState({ status: 'blocked', obstacle: 'engine-crashed', error })
    },
  }
}
