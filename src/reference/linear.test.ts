import { describe, expect, it } from 'vitest'
import { gradientError, weightedSum } from './finite-difference.ts'
import { linearBackwardInput, linearBackwardWeight, linearForward } from './linear.ts'
import { uniformValues } from './uniform-values.ts'

it('multiplies by the transposed weight', () => {
  const shape = { inFeatures: 2, outFeatures: 3 }
  expect([...linearForward([1, 2, 3, 4], [1, 0, 0, 1, 1, 1], shape)]).toEqual([1, 2, 3, 3, 4, 7])
})

describe.each([
  [1, 1, 1],
  [1, 7, 3],
  [5, 1, 4],
  [3, 9, 5],
])('N %i, in %i, out %i', (N, inFeatures, outFeatures) => {
  const shape = { inFeatures, outFeatures }
  const x = uniformValues(N * inFeatures, 1)
  const W = uniformValues(outFeatures * inFeatures, 2)
  const dy = uniformValues(N * outFeatures, 3)

  it('has dx', () => {
    const f = (values: Float64Array) => weightedSum(linearForward(values, W, shape), dy)
    expect(gradientError(f, x, linearBackwardInput(dy, W, shape))).toBeLessThan(1e-9)
  })

  it('has dW', () => {
    const f = (values: Float64Array) => weightedSum(linearForward(x, values, shape), dy)
    expect(gradientError(f, W, linearBackwardWeight(dy, x, shape))).toBeLessThan(1e-9)
  })
})

it('refuses a weight of another shape', () => {
  const shape = { inFeatures: 2, outFeatures: 3 }
  expect(() => linearForward([1, 2], [1, 2, 3], shape)).toThrow('W has 3 elements, expected 6')
  expect(() => linearForward([1, 2, 3], [1, 2, 3, 4, 5, 6], shape)).toThrow('not a multiple of its 2 columns')
})
