import { logTicks, niceTicks } from './ticks.ts'

/** A line of numbers from `from` to `to`: where a value lies on it, as a share of its length, and its round values. */
export interface Axis {
  from: number
  to: number
  /** 0 at `from`, 1 at `to`, outside of both beyond them; NaN for what has no place. */
  place: (value: number) => number
  ticks: readonly number[]
}

export function linearAxis(from: number, to: number): Axis {
  const length = to - from || 1
  const ticks = niceTicks(to).filter((tick) => tick >= from && tick <= to * 1.0001)
  return {
    from,
    to,
    place: (value) => (value - from) / length,
    ticks: from > 0 ? [from, ...ticks.filter((tick) => tick > from)] : ticks,
  }
}

/** Equal distances are equal factors. Nothing at or below zero has a place. */
export function logAxis(lowest: number, highest: number): Axis {
  const from = lowest > 0 ? lowest : 1e-3
  const to = highest > from ? highest : from * 10
  const length = Math.log(to / from)
  return {
    from,
    to,
    place: (value) => (value > 0 ? Math.log(value / from) / length : Number.NaN),
    ticks: logTicks(from, to),
  }
}

/** Steps from the first to the last: whole numbers only. */
export function stepAxis(first: number, last: number): Axis {
  const end = Math.max(last, first + 1)
  const axis = linearAxis(first, end)
  return { ...axis, ticks: [first, ...axis.ticks.filter((tick) => Number.isInteger(tick) && tick > first)] }
}
