import type { MetricName } from '../../../src/session/events.ts'
import type { Curve } from '../../charts/curve.ts'
import { decimate, thin } from '../../charts/decimate.ts'
import { smooth, stepsToAverage } from '../../charts/smooth.ts'
import type { KeptRun } from '../../stores/history-record.ts'
import type { StepSeries } from '../../stores/step-series.ts'
import { lookOf } from './run-look.ts'

export const OVERLAY_METRICS = [
  'train/loss',
  'optimizer/grad_norm',
  'optimizer/lr',
  'speed/tokens_per_second',
] as const satisfies readonly MetricName[]

export interface Overlay {
  metric: (typeof OVERLAY_METRICS)[number]
  over: 'step' | 'time'
  smoothed: boolean
  /** Held-out losses as dots, where the metric is the loss. */
  heldOut: boolean
}

/** More dots would be a line. */
const MOST_DOTS = 120
const MS_PER_MINUTE = 60_000

/** A curve a run, and its held-out losses; in the order of the runs. */
export function overlayCurves(
  runs: readonly KeptRun[],
  names: readonly string[],
  { metric, over, smoothed, heldOut }: Overlay,
  heldOutName: (name: string) => string,
): Curve[] {
  return runs.flatMap(({ record, steps, detail }, place) => {
    if (!steps.has(metric)) return []
    const values = steps.values(metric)
    const heights = smoothed ? smooth(values, stepsToAverage(values.length)) : values
    const places = thin(heights)
    const xs = over === 'step' ? steps.steps : minutesOf(steps)
    const look = lookOf(place)
    const line: Curve = {
      key: record.id,
      name: names[place],
      ...look,
      xs: places.map((index) => xs[index]),
      ys: places.map((index) => heights[index]),
    }
    if (metric !== 'train/loss' || !heldOut || detail.evaluations.length === 0) return [line]
    const evaluations = decimate(detail.evaluations, ({ loss }) => loss, { max: MOST_DOTS })
    const dots: Curve = {
      key: `${record.id} held out`,
      name: heldOutName(names[place]),
      color: look.color,
      look: 'dots',
      xs: evaluations.map(({ step }) => (over === 'step' ? step : minuteAt(steps, xs, step))),
      ys: evaluations.map(({ loss }) => loss),
    }
    return [line, dots]
  })
}

/** Minutes of training at every step. Of a run that logs only some steps, those between took as long. */
export function minutesOf(series: StepSeries): Float64Array {
  const { steps } = series
  const durations = series.values('speed/step_ms')
  const minutes = new Float64Array(steps.length)
  let total = 0
  for (let index = 0; index < steps.length; index++) {
    const count = steps[index] - (index > 0 ? steps[index - 1] : 0)
    if (Number.isFinite(durations[index])) total += durations[index] * count
    minutes[index] = total / MS_PER_MINUTE
  }
  return minutes
}

function minuteAt({ steps }: StepSeries, minutes: ArrayLike<number>, step: number): number {
  const index = steps.findLastIndex((known) => known <= step)
  return index < 0 ? 0 : minutes[index]
}
