/** Charts draw about this many points at most: more cannot be seen, and each costs time while a run needs the machine. */
export const MAX_POINTS = 600

interface Thinning {
  max?: number
  /** Places that stay in any case, on top of `max`. */
  keep?: Iterable<number>
}

/**
 * Which places of a curve to draw so that its picture stays true: the first, the last, and of every stretch the lowest
 * and the highest (a spike must not vanish). A stretch is 2, 4, 8 … places long, so that a growing curve keeps the
 * points it has. In order; all of them where they are few.
 */
export function thin(heights: ArrayLike<number>, { max = MAX_POINTS, keep }: Thinning = {}): number[] {
  const count = heights.length
  if (count <= max) return Array.from({ length: count }, (_, place) => place)
  const stretch = 2 ** Math.ceil(Math.log2((2 * count) / (max - 4)))
  const chosen: number[] = [0]
  for (let from = 0; from < count; from += stretch) {
    const [lowest, highest] = extremes(heights, from, Math.min(from + stretch, count))
    chosen.push(Math.min(lowest, highest), Math.max(lowest, highest))
  }
  chosen.push(count - 1)
  if (keep) {
    chosen.push(...keep)
    chosen.sort((a, b) => a - b)
  }
  return chosen.filter((place, index) => place !== chosen[index - 1])
}

/** The rows that `thin` chooses by their height; those for which `keep` holds stay in any case. */
export function decimate<T>(
  rows: readonly T[],
  height: (row: T) => number | null | undefined,
  { max = MAX_POINTS, keep }: { max?: number; keep?: (row: T) => boolean } = {},
): T[] {
  const heights = Float64Array.from(rows, (row) => height(row) ?? Number.NaN)
  const kept = keep && rows.flatMap((row, place) => (keep(row) ? [place] : []))
  return thin(heights, { max, keep: kept }).map((place) => rows[place])
}

/** Places of the lowest and highest value in [from, to); the first where nothing is finite. */
function extremes(heights: ArrayLike<number>, from: number, to: number): [number, number] {
  let lowest = from
  let highest = from
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let place = from; place < to; place++) {
    const value = heights[place]
    if (!Number.isFinite(value)) continue
    if (value < low) {
      low = value
      lowest = place
    }
    if (value > high) {
      high = value
      highest = place
    }
  }
  return [lowest, highest]
}
