import { uniform } from '../util/random.ts'

/**
 * `count` repeatable values in [low, high) for tests. They are exact in float32, so that a GPU kernel and its reference
 * get the same inputs.
 */
export function uniformValues(count: number, seed: number, low = -1, high = 1): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.fround(low + uniform(seed, i) * (high - low)))
}
