import { expect, test } from 'vitest'
import { TokenRate } from './token-rate.ts'

test('two steps whose ends are seen at once have the rate of both together', () => {
  const rate = new TokenRate()
  expect(rate.after(400, 4000)).toBe(100)
  // The first of the two seems to take it all.
  expect(rate.after(400, 4500)).toBeCloseTo(94.1, 1)
  expect(rate.after(50, 0)).toBe(100)
})

test('a rate forgets what is long past', () => {
  const rate = new TokenRate()
  rate.after(400, 40_000)
  for (let step = 0; step < 3; step++) rate.after(400, 4000)
  expect(rate.after(400, 4000)).toBe(100)
})

test('a step that takes no time has a finite rate', () => {
  expect(Number.isFinite(new TokenRate().after(10, 0))).toBe(true)
})
