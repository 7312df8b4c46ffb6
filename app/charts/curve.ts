import type { Axis } from './axis.ts'

/** Heights over places: what is drawn. Where a height is not finite, the line has a gap. */
export interface Curve {
  key: string
  name: string
  color: string
  /** `faint` thin and pale, `bold` the line to look at, `dots` separate measurements. */
  look?: 'faint' | 'bold' | 'dots'
  /** Dashes that tell it from others without its colour. */
  dash?: string
  xs: ArrayLike<number>
  ys: ArrayLike<number>
}

export interface Point {
  x: number
  /** Null makes a gap. */
  y: number | null
}

/** A logarithmic axis has no place for what is not above zero. */
export const pointsOf = ({ xs, ys }: Curve, log: boolean): Point[] =>
  Array.from(ys, (y, index) => ({ x: xs[index], y: Number.isFinite(y) && (y > 0 || !log) ? y : null }))

/** The `d` of an SVG path; points above the top of the axis stay above it, for the picture's edge to cut. */
export function pathOf(curve: Curve, x: Axis, y: Axis, width: number, height: number): string {
  let path = ''
  let begun = false
  for (let index = 0; index < curve.ys.length; index++) {
    const across = x.place(curve.xs[index])
    const up = y.place(curve.ys[index])
    if (!Number.isFinite(across) || !Number.isFinite(up)) {
      begun = false
      continue
    }
    const point = `${(across * width).toFixed(1)},${((1 - up) * height).toFixed(1)}`
    // The line of no length shows a point that stands alone.
    path += begun ? `L${point}` : `M${point}h0`
    begun = true
  }
  return path
}

/** Lowest above zero and highest of all heights; null where there are none. */
export function extent(curves: readonly Curve[]): { lowest: number; highest: number } | null {
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (const { ys } of curves) {
    for (let index = 0; index < ys.length; index++) {
      const value = ys[index]
      if (!Number.isFinite(value)) continue
      if (value > highest) highest = value
      if (value > 0 && value < lowest) lowest = value
    }
  }
  return highest === Number.NEGATIVE_INFINITY ? null : { lowest, highest }
}

/** The index whose place is nearest to `value`; places rise. −1 where there are none. */
export function nearest(xs: ArrayLike<number>, value: number): number {
  let low = 0
  let high = xs.length - 1
  if (high < 0) return -1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (xs[middle] <= value) low = middle
    else high = middle
  }
  return Math.abs(xs[high] - value) < Math.abs(xs[low] - value) ? high : low
}
