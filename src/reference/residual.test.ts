import { expect, it } from 'vitest'
import { gradientError, weightedSum } from './finite-difference.ts'
import { residualBackward, residualForward } from './residual.ts'
import { uniformValues } from './uniform-values.ts'

it.each([1, 7])('adds %i elements and has both gradients', (count) => {
  const [x, branch, dy] = [1, 2, 3].map((seed) => uniformValues(count, seed))
  const { dx, dbranch } = residualBackward(dy)
  expect(residualForward(x, branch)[0]).toBe(x[0] + branch[0])
  expect(gradientError((values) => weightedSum(residualForward(values, branch), dy), x, dx)).toBeLessThan(
    1e-9,
  )
  expect(
    gradientError((values) => weightedSum(residualForward(x, values), dy), branch, dbranch),
  ).toBeLessThan(1e-9)
})
