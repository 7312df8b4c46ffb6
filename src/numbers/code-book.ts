import { FP4_CODE, FP4_ORDER } from './fp4.ts'
import { NF4_CODE } from './nf4.ts'

export type FourBitType = 'nf4' | 'fp4'

/**
 * A set of values and the rule that chooses among them: `x` takes the value whose rank is the number of thresholds
 * strictly below `x`, so a tie goes to the smaller value.
 */
export interface CodeBook {
  readonly name: string
  /** Value of each code. */
  readonly code: Float32Array
  /** Ascending; one fewer than values. Float32 midpoints of neighbouring values. */
  readonly thresholds: Float32Array
  /** Code of each rank (0 = smallest value). */
  readonly order: Uint8Array
}

/** Builds the rule for `code`, whose values ascend in the given order of codes. */
export function makeCodeBook(
  name: string,
  code: Float32Array,
  order = Uint8Array.from(code.keys()),
): CodeBook {
  const thresholds = new Float32Array(code.length - 1)
  for (let rank = 0; rank < thresholds.length; rank++) {
    thresholds[rank] = Math.fround(code[order[rank]] + code[order[rank + 1]]) / 2
  }
  return { name, code, thresholds, order }
}

/** NF4: code and rank coincide. */
export const NF4 = makeCodeBook('nf4', NF4_CODE)

/** FP4 with the midpoints of bitsandbytes' default backend (CUDA's literals differ from them in the last bits). */
export const FP4 = makeCodeBook('fp4', FP4_CODE, FP4_ORDER)

export const fourBitCodeBook = (type: FourBitType): CodeBook => (type === 'nf4' ? NF4 : FP4)

/** Code of a scaled value `x` in [-1, 1]. NaN takes the smallest value's code. */
export function nearestCode(book: CodeBook, x: number): number {
  const { thresholds, order } = book
  let low = 0
  let high = thresholds.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (x > thresholds[middle]) low = middle + 1
    else high = middle
  }
  return order[low]
}
