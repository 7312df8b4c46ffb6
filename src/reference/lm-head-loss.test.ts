import { describe, expect, it } from 'vitest'
import { crossEntropyForward } from './cross-entropy.ts'
import { gradientError } from './finite-difference.ts'
import { linearForward } from './linear.ts'
import { lmHeadLossBackward, lmHeadLossForward } from './lm-head-loss.ts'
import { uniformValues } from './uniform-values.ts'

describe.each([
  [[0], 1, 1],
  [[3, -1, 0], 5, 7],
  [[-1, -1], 3, 2],
])('targets %j, C %i, V %i', (targets, hiddenSize, vocabSize) => {
  const shape = { hiddenSize, vocabSize }
  const x = uniformValues(targets.length * hiddenSize, 1)
  const W = uniformValues(vocabSize * hiddenSize, 2)
  const forward = lmHeadLossForward(x, W, targets, shape)
  const { dx, dW } = lmHeadLossBackward(x, W, targets, forward.lse, shape, 0.3)

  it('is the cross-entropy of the head', () => {
    const logits = linearForward(x, W, { inFeatures: hiddenSize, outFeatures: vocabSize })
    expect(forward).toEqual({ ...crossEntropyForward(logits, targets, vocabSize), logits })
  })

  it('has dx', () => {
    const f = (values: Float64Array) => 0.3 * lmHeadLossForward(values, W, targets, shape).lossSum
    expect(gradientError(f, x, dx)).toBeLessThan(1e-8)
  })

  it('has dW', () => {
    const f = (values: Float64Array) => 0.3 * lmHeadLossForward(x, values, targets, shape).lossSum
    expect(gradientError(f, W, dW)).toBeLessThan(1e-8)
  })
})
