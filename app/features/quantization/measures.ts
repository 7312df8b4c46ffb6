import type { TensorQuantization } from '../../../src/session/events.ts'

/** The ways to say how far a quantized matrix is from its original, and which end of each is the bad one. */
export const MEASURES = ['rmse', 'mae', 'maxError', 'snrDb'] as const
export type Measure = (typeof MEASURES)[number]

/** Everything that a matrix can be sorted by. */
export const COLUMNS = ['name', 'shape', ...MEASURES, 'bitsPerParam'] as const
export type ColumnKey = (typeof COLUMNS)[number]

export interface Sorting {
  key: ColumnKey
  descending: boolean
}

/** Whether a large value is the bad one. */
export const isWorseHigh = (measure: Measure): boolean => measure !== 'snrDb'

/** A first press shows the worst, or the largest, first; names begin in the order of the model. */
export const firstDirection = (key: ColumnKey): Sorting => ({
  key,
  descending: key !== 'name' && key !== 'snrDb',
})

/**
 * The matrices in the order of a column; equal ones stay in the order of the model, which is also that of the names.
 * NaN comes last in either direction.
 */
export function sortedTensors(
  tensors: readonly TensorQuantization[],
  { key, descending }: Sorting,
): readonly TensorQuantization[] {
  if (key === 'name') return descending ? tensors.toReversed() : tensors
  const figureOf = (tensor: TensorQuantization) =>
    key === 'shape' ? tensor.shape.reduce((product, size) => product * size, 1) : tensor[key]
  const sign = descending ? -1 : 1
  return tensors.toSorted((a, b) => {
    const [one, other] = [figureOf(a), figureOf(b)]
    if (Number.isNaN(one) || Number.isNaN(other))
      return Number(Number.isNaN(one)) - Number(Number.isNaN(other))
    return one === other ? 0 : sign * (one < other ? -1 : 1)
  })
}

/** The matrix with the worst value; null of none. */
export function worstTensor(
  tensors: readonly TensorQuantization[],
  measure: Measure,
): TensorQuantization | null {
  return sortedTensors(tensors, { key: measure, descending: isWorseHigh(measure) })[0] ?? null
}
