import { describe, expect, it } from 'vitest'
import type { StepMetrics } from '../../../src/session/events.ts'
import { thin } from '../../charts/decimate.ts'
import { StepSeries } from '../../stores/step-series.ts'
import { shareName, stepTimes } from './step-time.ts'

const step = (number: number, metrics: StepMetrics['metrics']): StepMetrics => ({ step: number, metrics })

describe('the time of steps', () => {
  it('is what was measured, by part, and its shares are those of all steps together', () => {
    const { parts, totals } = stepTimes(
      StepSeries.from([
        step(1, { 'speed/forward_ms': 10, 'speed/backward_ms': 20, 'speed/waiting_ms': 10 }),
        step(2, { 'speed/forward_ms': 20, 'speed/backward_ms': 40, 'speed/waiting_ms': 0 }),
      ]),
    )
    expect(parts.map(({ part, share }) => [part, share])).toEqual([
      ['forward', 0.3],
      ['backward', 0.6],
      ['waiting', 0.1],
    ])
    expect([...totals]).toEqual([40, 60])
  })

  it('of a step whose passes could not be told apart is the GPU’s as one; of one that was not measured there is none', () => {
    const { parts, totals } = stepTimes(
      StepSeries.from([
        step(1, { 'speed/forward_ms': 10, 'speed/backward_ms': 20, 'speed/waiting_ms': 10 }),
        step(2, { 'speed/gpu_ms': 50, 'speed/waiting_ms': 10 }),
        step(3, { 'train/loss': 1 }),
      ]),
    )
    expect(parts.map(({ part, values }) => [part, [...values]])).toEqual([
      ['forward', [10, 0, 0]],
      ['backward', [20, 0, 0]],
      ['gpu', [0, 50, 0]],
      ['waiting', [10, 10, 0]],
    ])
    expect([...totals]).toEqual([40, 60, Number.NaN])
  })

  it('of a run that has not measured it is nothing', () => {
    expect(stepTimes(StepSeries.from([step(1, { 'speed/step_ms': 9 })])).parts).toEqual([])
  })

  it('of 50,000 steps is there before a picture is due, with the slowest step in it', () => {
    const slow = 31_415
    let series = StepSeries.empty
    for (let number = 1; number <= 50_000; number++) {
      const waiting = number === slow ? 900 : 5
      series = series.append(
        step(number, {
          'speed/forward_ms': 30,
          'speed/backward_ms': 60,
          'speed/update_ms': 1,
          'speed/waiting_ms': waiting,
        }),
      )
    }
    const from = performance.now()
    const { totals } = stepTimes(series)
    const places = thin(totals)
    expect(performance.now() - from).toBeLessThan(100)
    expect(places.length).toBeLessThanOrEqual(600)
    expect(places).toContain(slow - 1)
  })
})

it('says a share in words only where the words are true', () => {
  expect([0.5, 0.48, 0.32, 0.67, 0.97].map(shareName)).toEqual([
    'half',
    'half',
    'third',
    'twoThirds',
    'nearlyAll',
  ])
  expect([0.4, 0.58, 0.9].map(shareName)).toEqual([null, null, null])
})
