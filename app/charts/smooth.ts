/** Averages over about an eighth of a short curve, ten steps, or a hundredth of a long one: calm, without visible lag. */
export function stepsToAverage(count: number): number {
  return Math.max(1, Math.min(count / 8, Math.max(10, count / 100)))
}

/**
 * Exponential moving average over about `steps` values, with the bias of its start removed (as in Adam), so that the
 * first values are not pulled towards zero. What is not finite leaves the average as it is and gives NaN: a NaN step
 * must not erase the curve.
 */
export function smooth(values: ArrayLike<number>, steps = 10): Float64Array<ArrayBuffer> {
  const smoothed = new Float64Array(values.length)
  const memory = 1 - 1 / Math.max(1, steps)
  let sum = 0
  let weight = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (!Number.isFinite(value)) {
      smoothed[index] = Number.NaN
      continue
    }
    sum = memory * sum + (1 - memory) * value
    weight = memory * weight + (1 - memory)
    smoothed[index] = sum / weight
  }
  return smoothed
}

/**
 * A height above which lie only single values: no smoothed one, and at most one raw one in fifty. What is cut there are
 * spikes, not the curve.
 */
export function heightWithoutOutliers(raw: ArrayLike<number>, smoothed: ArrayLike<number>): number {
  const finite = Float64Array.from(raw).filter(Number.isFinite).sort()
  if (finite.length === 0) return 1
  let highest = finite[Math.floor(0.98 * (finite.length - 1))]
  for (let index = 0; index < smoothed.length; index++)
    if (smoothed[index] > highest) highest = smoothed[index]
  return highest
}
