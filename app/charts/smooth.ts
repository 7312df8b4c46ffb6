/** Averages over about an eighth of the curve, at most ten steps: long enough to calm it, too short to lag visibly. */
export function memoryFor(count: number): number {
  return 1 - 1 / Math.min(10, Math.max(1, count / 8))
}

/**
 * Exponential moving average with the bias of its start removed (as in Adam), so that the first values are not pulled
 * towards zero. What is not finite leaves the average as it is and gives null: a NaN step must not erase the curve.
 */
export function smooth(values: readonly (number | null | undefined)[], memory = 0.9): (number | null)[] {
  let sum = 0
  let weight = 0
  return values.map((value) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return null
    sum = memory * sum + (1 - memory) * value
    weight = memory * weight + (1 - memory)
    return sum / weight
  })
}
