import { expect, it } from 'vitest'
import { adamwState, adamwStep } from './adamw.ts'

const options = { step: 1, lr: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 }

it('moves by lr against the sign of the first gradient', () => {
  const { p, m, v } = adamwStep(adamwState([1, 1]), [2, -3], options)
  expect(p[0]).toBeCloseTo(0.9, 8)
  expect(p[1]).toBeCloseTo(1.1, 8)
  expect(m[0]).toBeCloseTo(0.2, 15)
  expect(v[0]).toBeCloseTo(0.004, 15)
})

it('corrects the bias of both moments by the step', () => {
  const first = adamwStep(adamwState([0]), [1], options)
  const { p } = adamwStep(first, [-2], { ...options, step: 2 })
  const mHat = (0.9 * 0.1 - 0.2) / (1 - 0.81)
  const vHat = (0.999 * 0.001 + 0.004) / (1 - 0.999 ** 2)
  expect(p[0]).toBeCloseTo(first.p[0] - (0.1 * mHat) / (Math.sqrt(vHat) + 1e-8), 14)
})

it('decays the parameter before the update, apart from the moments', () => {
  const state = { p: Float64Array.of(10), m: new Float64Array(1), v: new Float64Array(1) }
  expect(adamwStep(state, [0], { ...options, weightDecay: 0.5 }).p[0]).toBeCloseTo(9.5, 15)
  const { p, m } = adamwStep(state, [1], { ...options, weightDecay: 0.5, eps: 1 })
  expect(p[0]).toBeCloseTo(9.5 - 0.05, 15)
  expect(m[0]).toBeCloseTo(0.1, 15)
})

it('scales the gradient by the clip factor', () => {
  expect(adamwStep(adamwState([1]), [4], { ...options, clipFactor: 0.25 })).toEqual(
    adamwStep(adamwState([1]), [1], options),
  )
})

it('leaves everything as it is when skipped, whatever the gradient', () => {
  const state = adamwStep(adamwState([1, 2]), [1, -1], options)
  expect(adamwStep(state, [Number.NaN, 1], { ...options, step: 2, clipFactor: 0, skip: true })).toEqual(state)
})

it('does not write to its arguments', () => {
  const state = adamwState([1])
  adamwStep(state, [1], options)
  expect(state).toEqual(adamwState([1]))
})
