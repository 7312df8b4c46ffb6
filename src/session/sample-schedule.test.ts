import { describe, expect, it } from 'vitest'
import { SampleSchedule } from './sample-schedule.ts'

/** Steps at which a run of `total` steps is sampled, its steps and its samples taking the given times. */
function sampledSteps(every: number | null, total: number, stepMs: number, sampleMs: number, from = 0) {
  const schedule = new SampleSchedule(every, total, from)
  const steps: number[] = []
  let trainingMs = 0
  if (from === 0) schedule.took(0, sampleMs)
  for (let step = from + 1; step <= total; step++) {
    trainingMs += stepMs
    if (!schedule.isDue(step, trainingMs)) continue
    steps.push(step)
    trainingMs += sampleMs
    schedule.took(step, sampleMs)
  }
  const taken = steps.length + (from === 0 ? 1 : 0)
  return { steps, share: (taken * sampleMs) / ((total - from) * stepMs) }
}

describe('SampleSchedule', () => {
  it('samples every so many steps and after the last one', () => {
    expect(sampledSteps(4, 10, 1, 100).steps).toEqual([4, 8, 10])
    expect(sampledSteps(100, 10, 1, 1).steps).toEqual([10])
    expect(sampledSteps(4, 10, 1, 100, 5).steps).toEqual([8, 10])
  })

  it('by itself about ten times where samples are cheap', () => {
    expect(sampledSteps(null, 60, 100, 1).steps).toEqual([6, 12, 18, 24, 30, 36, 42, 48, 54, 60])
    expect(sampledSteps(null, 3, 100, 1).steps).toEqual([1, 2, 3])
  })

  it.each([1, 20, 50, 100, 160])(
    'by itself takes at most 8 % of the steps’ time: %i ms a sample',
    (sampleMs) => {
      const { steps, share } = sampledSteps(null, 200, 20, sampleMs)
      expect(share).toBeLessThanOrEqual(0.08)
      expect(steps.at(-1)).toBe(200)
      // They stand all over the run.
      expect(steps.filter((step) => step > 100 && step < 200).length).toBeGreaterThan(sampleMs < 100 ? 0 : -1)
    },
  )

  it('takes only the first and the last where a sample costs more than that', () => {
    expect(sampledSteps(null, 200, 20, 5000).steps).toEqual([200])
  })
})
