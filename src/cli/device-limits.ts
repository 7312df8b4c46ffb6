import { DEFAULT_LIMITS, type DeviceLimits } from '../graph/device.ts'
import { inputError, type Problem } from '../util/errors.ts'

/**
 * WebGPU limits by name, alone or as `{"limits": {…}}`; those left out are the defaults of every device. Names that the
 * plan does not use (textures and the like) are passed over.
 * @throws input/limits with every problem
 */
export function deviceLimits(value: unknown): DeviceLimits {
  const inner = isObject(value) && isObject(value.limits) ? value.limits : value
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
  return limits
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
