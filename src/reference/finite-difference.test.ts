import { expect, it } from 'vitest'
import { directionalDerivative, gradientError, weightedSum } from './finite-difference.ts'
import { uniformValues } from './uniform-values.ts'

const x = uniformValues(7, 1)
const f = (values: Float64Array) => values.reduce((sum, value, i) => sum + Math.sin(value) * (i + 1), 0)
const gradient = x.map((value, i) => Math.cos(value) * (i + 1))

it('differentiates along a direction', () => {
  const direction = uniformValues(7, 2)
  expect(directionalDerivative(f, x, direction)).toBeCloseTo(weightedSum(gradient, direction), 10)
})

it('accepts the true gradient to about 1e-11', () => {
  expect(gradientError(f, x, gradient)).toBeLessThan(1e-10)
})

it.each([0, 3, 6])('finds a gradient that is off by 1e-5 at element %i', (element) => {
  const wrong = gradient.map((value, i) => (i === element ? value * (1 + 1e-5) : value))
  expect(gradientError(f, x, wrong)).toBeGreaterThan(1e-7)
})

it('finds a wrong element between the coordinates it tries', () => {
  const wrong = gradient.map((value, i) => (i === 1 ? value + 1e-3 : value))
  expect(gradientError(f, x, wrong, { coordinates: 2 })).toBeGreaterThan(1e-5)
})

it('judges a gradient of zeros in units of the floor', () => {
  const constant = () => 3
  expect(gradientError(constant, x, new Float64Array(7))).toBe(0)
  expect(gradientError(constant, [2], [1e-6], { floor: 1e-3 })).toBeCloseTo(1e-3, 10)
})

it('is Infinity for NaN', () => {
  expect(gradientError(f, x, gradient.with(2, Number.NaN))).toBe(Number.POSITIVE_INFINITY)
  expect(gradientError(() => Number.NaN, x, gradient)).toBe(Number.POSITIVE_INFINITY)
})
