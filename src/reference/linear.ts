import type { Values } from './array.ts'
import { expectLength, rowCount } from './array.ts'

export interface LinearShape {
  inFeatures: number
  outFeatures: number
}

/** y = x · Wᵀ. x [N, in], W [out, in] → y [N, out]. */
export function linearForward(x: Values, W: Values, { inFeatures, outFeatures }: LinearShape): Float64Array {
  const N = rowCount('x', x, inFeatures)
  expectLength('W', W, outFeatures * inFeatures)
  const y = new Float64Array(N * outFeatures)
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < outFeatures; o++) {
      let sum = 0
      for (let i = 0; i < inFeatures; i++) sum += x[n * inFeatures + i] * W[o * inFeatures + i]
      y[n * outFeatures + o] = sum
    }
  }
  return y
}

/** dx = dy · W: contracts over the out dimension. dy [N, out], W [out, in] → dx [N, in]. */
export function linearBackwardInput(
  dy: Values,
  W: Values,
  { inFeatures, outFeatures }: LinearShape,
): Float64Array {
  const N = rowCount('dy', dy, outFeatures)
  expectLength('W', W, outFeatures * inFeatures)
  const dx = new Float64Array(N * inFeatures)
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < outFeatures; o++) {
      const gradient = dy[n * outFeatures + o]
      for (let i = 0; i < inFeatures; i++) dx[n * inFeatures + i] += gradient * W[o * inFeatures + i]
    }
  }
  return dx
}

/** dW = dyᵀ · x. dy [N, out], x [N, in] → dW [out, in]. */
export function linearBackwardWeight(
  dy: Values,
  x: Values,
  { inFeatures, outFeatures }: LinearShape,
): Float64Array {
  const N = rowCount('dy', dy, outFeatures)
  expectLength('x', x, N * inFeatures)
  const dW = new Float64Array(outFeatures * inFeatures)
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < outFeatures; o++) {
      const gradient = dy[n * outFeatures + o]
      for (let i = 0; i < inFeatures; i++) dW[o * inFeatures + i] += gradient * x[n * inFeatures + i]
    }
  }
  return dW
}
