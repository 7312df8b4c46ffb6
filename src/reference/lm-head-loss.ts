import type { Values } from './array.ts'
import type { TokenLosses } from './cross-entropy.ts'
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.ts'
import { linearBackwardInput, linearBackwardWeight, linearForward } from './linear.ts'

export interface LmHeadShape {
  hiddenSize: number
  vocabSize: number
}

/** Cross-entropy of x · Wᵀ. x [N, C], W [V, C], targets [N] with −1 ignored. Keeps the logits [N, V] for inspection. */
export function lmHeadLossForward(
  x: Values,
  W: Values,
  targets: Values,
  shape: LmHeadShape,
): TokenLosses & { logits: Float64Array } {
  const logits = linearForward(x, W, linearShape(shape))
  return { ...crossEntropyForward(logits, targets, shape.vocabSize), logits }
}

/** dx [N, C] and dW [V, C] of gradScale · lossSum. `lse` [N] of the forward. */
export function lmHeadLossBackward(
  x: Values,
  W: Values,
  targets: Values,
  lse: Values,
  shape: LmHeadShape,
  gradScale: number,
): { dx: Float64Array; dW: Float64Array } {
  const logits = linearForward(x, W, linearShape(shape))
  const dlogits = crossEntropyBackward(logits, targets, lse, shape.vocabSize, gradScale)
  return {
    dx: linearBackwardInput(dlogits, W, linearShape(shape)),
    dW: linearBackwardWeight(dlogits, x, linearShape(shape)),
  }
}

const linearShape = ({ hiddenSize, vocabSize }: LmHeadShape) => ({
  inFeatures: hiddenSize,
  outFeatures: vocabSize,
})
