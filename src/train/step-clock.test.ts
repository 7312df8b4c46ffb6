import { beforeEach, expect, it, vi } from 'vitest'
import { StepClock } from './step-clock.ts'

beforeEach(() => {
  vi.spyOn(performance, 'now').mockReturnValue(0)
})

const gpu = (forwardMs: number, backwardMs: number, updateMs: number, endedAtMs: number) => ({
  forwardMs,
  backwardMs,
  updateMs,
  endedAtMs,
})

it('tells steps apart on the GPU’s clock, however late the host hears of them', () => {
  const clock = new StepClock()
  clock.finished({ times: gpu(10, 20, 5, 1035), submittedAtMs: 0, stallMs: 0 }, 40)
  const { durationMs, time } = clock.finished(
    { times: gpu(10, 20, 5, 1080), submittedAtMs: 1, stallMs: 4 },
    41,
  )
  expect(durationMs).toBe(1)
  expect(time).toEqual({
    phases: { forwardMs: 10, backwardMs: 20, updateMs: 5 },
    gpuMs: 35,
    pagingMs: 4,
    waitingMs: 6,
  })
})

it('counts no rest: the step after it is as long as the host saw it', () => {
  const clock = new StepClock()
  clock.finished({ times: gpu(10, 20, 5, 1035), submittedAtMs: 0, stallMs: 0 }, 40)
  vi.spyOn(performance, 'now').mockReturnValue(60_000)
  clock.rested()
  const { durationMs, time } = clock.finished(
    { times: gpu(10, 20, 5, 61_040), submittedAtMs: 60_002, stallMs: 0 },
    60_042,
  )
  expect(durationMs).toBe(42)
  expect(time).toMatchObject({ gpuMs: 35, pagingMs: 0, waitingMs: 7 })
})

it('never gives a negative time, nor more stall than there was room for', () => {
  const clock = new StepClock()
  clock.finished({ times: gpu(10, 20, 5, 1035), submittedAtMs: 0, stallMs: 0 }, 40)
  const { time } = clock.finished({ times: gpu(10, 20, 5, 1071), submittedAtMs: 1, stallMs: 9 }, 76)
  expect(time).toMatchObject({ gpuMs: 35, pagingMs: 1, waitingMs: 0 })
})

it('without the GPU’s clock: waiting is what passed between a step’s end and the next submission', () => {
  const clock = new StepClock()
  clock.finished({ times: null, submittedAtMs: 0, stallMs: 0 }, 40)
  const { durationMs, time } = clock.finished({ times: null, submittedAtMs: 47, stallMs: 3 }, 90)
  expect(durationMs).toBe(50)
  expect(time).toEqual({ phases: null, gpuMs: 40, pagingMs: 3, waitingMs: 7 })
})
