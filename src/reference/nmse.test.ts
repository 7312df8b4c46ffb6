import { expect, it } from 'vitest'
import { nmse } from './nmse.ts'

it('is the squared error over the squared expected values', () => {
  expect(nmse([1, 2, 3], [1, 2, 3])).toBe(0)
  expect(nmse([3, 5], [3, 4])).toBeCloseTo(1 / 25, 15)
  expect(nmse([0, 0], [3, 4])).toBe(1)
})

it('does not under- or overflow with the scale of the values', () => {
  expect(nmse([3e-200, 5e-200], [3e-200, 4e-200])).toBeCloseTo(1 / 25, 15)
  expect(nmse([3e200, 5e200], [3e200, 4e200])).toBeCloseTo(1 / 25, 15)
})

it('is 0 for zeros against zeros, and Infinity for anything else against zeros', () => {
  expect(nmse([0, -0], [0, 0])).toBe(0)
  expect(nmse([], [])).toBe(0)
  expect(nmse([0, 1e-30], [0, 0])).toBe(Number.POSITIVE_INFINITY)
})

it.each([
  ['actual NaN', [Number.NaN, 1], [1, 1]],
  ['expected NaN', [1, 1], [1, Number.NaN]],
  ['both NaN', [Number.NaN, 1], [Number.NaN, 1]],
  ['both infinite', [Number.POSITIVE_INFINITY, 1], [Number.POSITIVE_INFINITY, 1]],
  ['NaN against zeros', [Number.NaN], [0]],
])('is Infinity for %s', (_, actual, expected) => {
  expect(nmse(actual, expected)).toBe(Number.POSITIVE_INFINITY)
})

it('refuses unequal lengths', () => {
  expect(() => nmse([1, 2], [1])).toThrow('actual has 2 elements, expected 1')
})
