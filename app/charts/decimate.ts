/** Charts draw at most this many points: more cannot be seen, and each costs time while a run needs the machine. */
export const MAX_POINTS = 300

/**
 * Keeps at most `max` rows so that the picture stays true: the first, the last, and of every stretch the lowest and the
 * highest `height` (a spike must not vanish). Rows for which `keep` holds stay in any case, on top of `max`.
 * Order is preserved.
 */
export function decimate<T>(
  rows: readonly T[],
  height: (row: T) => number | null | undefined,
  { max = MAX_POINTS, keep }: { max?: number; keep?: (row: T) => boolean } = {},
): T[] {
  if (rows.length <= max) return [...rows]
  const chosen = new Set<number>([0, rows.length - 1])
  const stretches = Math.max(1, Math.floor((max - 2) / 2))
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = 1 + Math.floor((stretch * (rows.length - 2)) / stretches)
    const to = 1 + Math.floor(((stretch + 1) * (rows.length - 2)) / stretches)
    const [lowest, highest] = extremes(rows, from, to, height)
    chosen.add(lowest).add(highest)
  }
  for (const [index, row] of rows.entries()) if (keep?.(row)) chosen.add(index)
  return [...chosen].sort((a, b) => a - b).map((index) => rows[index])
}

/** Indices of the lowest and highest value in [from, to); the first row where nothing is finite. */
function extremes<T>(
  rows: readonly T[],
  from: number,
  to: number,
  height: (row: T) => number | null | undefined,
): [number, number] {
  let lowest = from
  let highest = from
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let index = from; index < to; index++) {
    const value = height(rows[index])
    if (value === null || value === undefined || !Number.isFinite(value)) continue
    if (value < low) [low, lowest] = [value, index]
    if (value > high) [high, highest] = [value, index]
  }
  return [lowest, highest]
}
