import { expect, it } from 'vitest'
import { type KeptRun, newRecord } from '../../stores/history-record.ts'
import { emptyTimeline } from '../../stores/memory-timeline.ts'
import { StepSeries } from '../../stores/step-series.ts'
import { minutesOf, overlayCurves } from './overlay-curves.ts'

const run = (id: string, steps: number[], stepMs: number, losses = true): KeptRun => ({
  record: newRecord({ id, model: 'm', dataset: 'd', device: '', config: {} }, id, 0),
  detail: {
    evaluations: [{ step: 4, loss: 0.5, perplexity: 1, supervisedTokens: 1 }],
    tensors: [],
    deltaRatios: [],
    samples: [],
    memory: emptyTimeline,
    log: [],
  },
  steps: StepSeries.from(
    steps.map((step) => ({
      step,
      metrics: { 'speed/step_ms': stepMs, ...(losses ? { 'train/loss': 4 / step } : {}) },
    })),
  ),
})

const overlay = { metric: 'train/loss', over: 'step', smoothed: false, heldOut: true } as const

it('draws each run in its own look, held-out losses in the same, and leaves out what has no such metric', () => {
  const curves = overlayCurves(
    [run('a', [1, 2, 4], 10), run('b', [1], 10, false), run('c', [1, 2], 10)],
    ['A', 'B', 'C'],
    overlay,
    (name) => `${name}, held out`,
  )
  expect(curves.map(({ name }) => name)).toEqual(['A', 'A, held out', 'C', 'C, held out'])
  expect(curves[0].color).toBe(curves[1].color)
  expect([curves[0].color, curves[0].dash]).not.toEqual([curves[2].color, curves[2].dash])
  expect(curves[0]).toMatchObject({ xs: [1, 2, 4], ys: [4, 2, 1] })
})

it('counts minutes over steps that were not logged, and puts evaluations at their time', () => {
  const slow = run('a', [2, 4, 6], 30_000)
  expect([...minutesOf(slow.steps)]).toEqual([1, 2, 3])
  const [, dots] = overlayCurves([slow], ['A'], { ...overlay, over: 'time' }, String)
  expect(dots.xs).toEqual([2])
})
