import type { MetricName } from '../../../src/session/events.ts'
import type { StepSeries } from '../../stores/step-series.ts'

/** What a step's time is made of, in the order of a step. */
export const STEP_PARTS = ['forward', 'backward', 'update', 'gpu', 'paging', 'waiting'] as const
export type StepPart = (typeof STEP_PARTS)[number]

const metricOf = (part: StepPart): MetricName => `speed/${part}_ms`

export interface PartOfTime {
  part: StepPart
  /** Milliseconds at every step; 0 where the step has none. */
  values: Float64Array<ArrayBuffer>
  /** Of all measured time. */
  share: number
}

/** Where the time of a run's steps went, without the parts that it has not measured. */
export interface StepTimes {
  parts: readonly PartOfTime[]
  /** Sum of the parts; NaN for a step whose time was not measured. */
  totals: Float64Array<ArrayBuffer>
}

export function stepTimes(steps: StepSeries): StepTimes {
  const totals = new Float64Array(steps.length).fill(Number.NaN)
  const measured = STEP_PARTS.filter((part) => steps.has(metricOf(part)))
  const parts = measured.map((part) => {
    const values = steps.values(metricOf(part)).slice()
    let sum = 0
    for (let place = 0; place < values.length; place++) {
      if (!Number.isFinite(values[place])) {
        values[place] = 0
        continue
      }
      sum += values[place]
      totals[place] = (Number.isNaN(totals[place]) ? 0 : totals[place]) + values[place]
    }
    return { part, values, sum }
  })
  const whole = parts.reduce((total, { sum }) => total + sum, 0)
  return {
    parts: parts.map(({ part, values, sum }) => ({ part, values, share: whole > 0 ? sum / whole : 0 })),
    totals,
  }
}

/** Shares that have a name of their own, within three hundredths. */
const NAMED = [
  ['quarter', 0.25],
  ['third', 1 / 3],
  ['half', 0.5],
  ['twoThirds', 2 / 3],
  ['threeQuarters', 0.75],
] as const
export type ShareName = (typeof NAMED)[number][0] | 'nearlyAll' | null

/** How a share is said in words; null where only a figure will do. */
export function shareName(share: number): ShareName {
  if (share >= 0.95) return 'nearlyAll'
  const near = NAMED.find(([, exact]) => Math.abs(share - exact) <= 0.03)
  return near ? near[0] : null
}
