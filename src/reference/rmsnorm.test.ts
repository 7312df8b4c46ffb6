import { describe, expect, it } from 'vitest'
import { gradientError, weightedSum } from './finite-difference.ts'
import { rmsnormBackward, rmsnormForward } from './rmsnorm.ts'
import { uniformValues } from './uniform-values.ts'

it('divides by the root mean square', () => {
  const { y, rstd } = rmsnormForward([3, 4], [1, 2], 0)
  expect(rstd[0]).toBeCloseTo(1 / Math.sqrt(12.5), 15)
  expect(y[0]).toBeCloseTo(3 / Math.sqrt(12.5), 15)
  expect(y[1]).toBeCloseTo(8 / Math.sqrt(12.5), 15)
})

it('keeps a row of zeros at zero', () => {
  const { y, rstd } = rmsnormForward([0, 0], [1, 1], 1e-6)
  expect([...y]).toEqual([0, 0])
  expect(rstd[0]).toBeCloseTo(1000, 9)
})

describe.each([
  [1, 1, 0.1],
  [1, 7, 1e-5],
  [5, 3, 1e-5],
  [3, 64, 1e-6],
])('N %i, C %i, eps %d', (N, C, eps) => {
  const x = uniformValues(N * C, 1)
  const weight = uniformValues(C, 2)
  const dy = uniformValues(N * C, 3)
  const { dx, dweight } = rmsnormBackward(dy, x, weight, rmsnormForward(x, weight, eps).rstd)

  it('has dx', () => {
    const f = (values: Float64Array) => weightedSum(rmsnormForward(values, weight, eps).y, dy)
    expect(gradientError(f, x, dx)).toBeLessThan(1e-8)
  })

  it('has dweight', () => {
    const f = (values: Float64Array) => weightedSum(rmsnormForward(x, values, eps).y, dy)
    expect(gradientError(f, weight, dweight)).toBeLessThan(1e-8)
  })
})
