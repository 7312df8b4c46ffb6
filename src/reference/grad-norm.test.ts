import { expect, it } from 'vitest'
import { gradNorm } from './grad-norm.ts'

it('is the norm over all gradients together', () => {
  expect(gradNorm([[3], [0, 4]], 10)).toEqual({ norm: 5, clipFactor: 1, skip: false })
  expect(gradNorm([], 1)).toEqual({ norm: 0, clipFactor: 1, skip: false })
})

it('clips to the largest norm allowed, exactly', () => {
  expect(gradNorm([[3], [0, 4]], 0.5)).toEqual({ norm: 5, clipFactor: 0.1, skip: false })
  expect(gradNorm([[3, 4]], 5).clipFactor).toBe(1)
})

it('does not clip with a limit of 0', () => {
  expect(gradNorm([[300, 400]], 0).clipFactor).toBe(1)
})

it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e200])('skips the step for a gradient of %d', (value) => {
  expect(gradNorm([[1], [value]], 1)).toMatchObject({ clipFactor: 0, skip: true })
})
