import { DEFAULT_LIMITS, DEFAULT_TRAITS, type DeviceLimits, type DeviceTraits } from '../graph/device.ts'
import { inputError, type Problem } from '../util/errors.ts'

/**
 * The device of --device-limits: WebGPU limits by name, alone, or as `{"limits": {…}, "software": true}` (kernels of a
 * software adapter need other scratch space), or a run's run.json, whose "device" is just that. Limits left out are the
 * defaults of every device; names that the plan does not use (textures and the like) are passed over.
 * @throws input/limits with every problem
 */
export function deviceTraits(value: unknown): DeviceTraits {
  const device = isObject(value) && isObject(value.device) ? value.device : value
  const inner = isObject(device) && isObject(device.limits) ? device.limits : device
  if (!isObject(inner)) {
    throw inputError('limits', [
      { message: '--device-limits must hold a JSON object', fix: 'Write {"maxBufferSize": 268435456, …}.' },
    ])
  }
  const problems: Problem[] = []
  const limits = { ...DEFAULT_LIMITS }
  for (const [name, limit] of Object.entries(inner)) {
    if (!/^(max|min)[A-Z]/.test(name)) {
      problems.push({
        message: `--device-limits: "${name}" is no WebGPU limit`,
        fix: 'Remove it or correct its spelling.',
      })
    } else if (!Number.isSafeInteger(limit) || (limit as number) < 1) {
      problems.push({
        message: `--device-limits: "${name}" is ${JSON.stringify(limit)}`,
        fix: 'Write a whole number from 1.',
      })
    } else if (Object.hasOwn(limits, name)) {
      limits[name as keyof DeviceLimits] = limit as number
    }
  }
  if (problems.length > 0) throw inputError('limits', problems)
  const software = isObject(device) && device !== inner && device.software === true
  return { ...DEFAULT_TRAITS, limits, software }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
