import { StudioError } from '../util/errors.ts'

/** What reference ops read: float64, float32 or plain arrays, row-major. They never write to their arguments. */
export type Values = ArrayLike<number>

/** Throws `reference/shape` unless `values` has exactly `expected` elements; a wrong shape would otherwise read as NaN. */
export function expectLength(name: string, values: Values, expected: number): void {
  if (values.length === expected) return
  throw new StudioError('reference/shape', `${name} has ${values.length} elements, expected ${expected}`)
}

/** Number of rows of `columns` elements in `values`; throws `reference/shape` when the last row would be short. */
export function rowCount(name: string, values: Values, columns: number): number {
  const rows = values.length / columns
  if (Number.isInteger(rows)) return rows
  throw new StudioError(
    'reference/shape',
    `${name} has ${values.length} elements, not a multiple of its ${columns} columns`,
  )
}

/** Elementwise a + b. */
export function add(a: Values, b: Values): Float64Array {
  expectLength('second summand', b, a.length)
  return Float64Array.from(a, (value, i) => value + b[i])
}
