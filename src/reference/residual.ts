import type { Values } from './array.ts'
import { add } from './array.ts'

/** y = x + branch, elementwise. */
export function residualForward(x: Values, branch: Values): Float64Array {
  return add(x, branch)
}

/** Both summands get dy. */
export function residualBackward(dy: Values): {
  dx: Float64Array
  dbranch: Float64Array
} {
  return { dx: Float64Array.from(dy), dbranch: Float64Array.from(dy) }
}
