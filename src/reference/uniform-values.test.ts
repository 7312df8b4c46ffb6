import { expect, it } from 'vitest'
import { uniformValues } from './uniform-values.ts'

it('repeats by seed, fills the range and is exact in float32', () => {
  const values = uniformValues(2000, 5, -2, 3)
  expect(uniformValues(2000, 5, -2, 3)).toEqual(values)
  expect(uniformValues(2000, 6, -2, 3)).not.toEqual(values)
  expect(Float64Array.from(Float32Array.from(values))).toEqual(values)
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-2)
  expect(Math.max(...values)).toBeLessThan(3)
  expect(values.reduce((sum, value) => sum + value, 0) / 2000).toBeCloseTo(0.5, 0)
})
