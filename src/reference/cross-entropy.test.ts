import { describe, expect, it } from 'vitest'
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.ts'
import { gradientError } from './finite-difference.ts'
import { uniformValues } from './uniform-values.ts'

it('is the negative log of the probability, 0 where ignored', () => {
  const { losses, lse, lossSum, count } = crossEntropyForward([0, Math.log(3), 5, 6, 0, 0], [1, -1, 0], 2)
  expect(losses[0]).toBeCloseTo(-Math.log(0.75), 14)
  expect(losses[1]).toBe(0)
  expect(losses[2]).toBeCloseTo(Math.LN2, 14)
  expect(lse[1]).toBeCloseTo(6 + Math.log(1 + Math.exp(-1)), 14)
  expect(lossSum).toBeCloseTo(-Math.log(0.75) + Math.LN2, 14)
  expect(count).toBe(2)
})

it('stays finite with large logits', () => {
  const { losses } = crossEntropyForward([1e4, -1e4], [1], 2)
  expect(losses[0]).toBe(2e4)
})

describe.each([
  [[0], 1],
  [[2], 5],
  [[4, -1, 0, 4], 5],
  [[-1, -1], 3],
])('targets %j, V %i', (targets, vocabSize) => {
  it('has dlogits of gradScale · lossSum', () => {
    const logits = uniformValues(targets.length * vocabSize, 1, -3, 3)
    const { lse } = crossEntropyForward(logits, targets, vocabSize)
    const dlogits = crossEntropyBackward(logits, targets, lse, vocabSize, 0.3)
    const f = (values: Float64Array) => 0.3 * crossEntropyForward(values, targets, vocabSize).lossSum
    expect(gradientError(f, logits, dlogits)).toBeLessThan(1e-8)
  })
})

it.each([-100, 3, 1.5])('refuses target %d', (target) => {
  expect(() => crossEntropyForward([1, 2, 3], [target], 3)).toThrow(
    `target ${target} is neither -1 nor inside`,
  )
})
