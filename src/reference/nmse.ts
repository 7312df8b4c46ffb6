import type { Values } from './array.ts'
import { expectLength } from './array.ts'

/**
 * Normalised mean squared error Σ(actual − expected)² / Σ expected². 0 is equality; a float32 computation against
 * float64 stays near 1e-12. Where every expected value is 0: 0 if every actual one is, else Infinity. A NaN or an
 * infinity on either side gives Infinity, so that no `nmse < tolerance` passes by accident.
 * Throws `reference/shape` on unequal lengths.
 */
export function nmse(actual: Values, expected: Values): number {
  expectLength('actual', actual, expected.length)
  let largest = 0
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(actual[i]) || !Number.isFinite(expected[i])) return Number.POSITIVE_INFINITY
    largest = Math.max(largest, Math.abs(expected[i]))
  }
  if (largest === 0) return isAllZero(actual) ? 0 : Number.POSITIVE_INFINITY
  // In units of the largest value no square under- or overflows unless the error itself is absurd.
  let error = 0
  let power = 0
  for (let i = 0; i < expected.length; i++) {
    error += (actual[i] / largest - expected[i] / largest) ** 2
    power += (expected[i] / largest) ** 2
  }
  return error / power
}

function isAllZero(values: Values): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) return false
  return true
}
