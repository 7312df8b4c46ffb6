import { describe, expect, it } from 'vitest'
import { gradientError, weightedSum } from './finite-difference.ts'
import { linearForward } from './linear.ts'
import { dropoutForward, loraBackward, loraForward } from './lora.ts'
import { nmse } from './nmse.ts'
import { uniformValues } from './uniform-values.ts'

it('keeps or drops by the mask and divides what it keeps by 1 − p', () => {
  expect([...dropoutForward([1, 2, 3, 4], { mask: [1, 0, 0, 1], p: 0.75 })]).toEqual([4, 0, 0, 16])
  expect([...dropoutForward([1, 2])]).toEqual([1, 2])
})

it('leaves the base as it is where B is 0', () => {
  const base = uniformValues(6, 1)
  const shape = { inFeatures: 2, outFeatures: 3, rank: 1, scaling: 2 }
  expect(loraForward(base, uniformValues(4, 2), [1, 1], [0, 0, 0], shape).y).toEqual(base)
})

it('equals a linear with scaling · B · A added to its weight', () => {
  const shape = { inFeatures: 5, outFeatures: 4, rank: 3, scaling: 0.5 }
  const [x, W, A, B] = [10, 20, 15, 12].map((count, seed) => uniformValues(count, seed))
  const merged = W.map((w, i) => {
    const [o, c] = [Math.floor(i / 5), i % 5]
    return w + 0.5 * [0, 1, 2].reduce((sum, r) => sum + B[o * 3 + r] * A[r * 5 + c], 0)
  })
  const { y } = loraForward(linearForward(x, W, shape), x, A, B, shape)
  expect(nmse(y, linearForward(x, merged, shape))).toBeLessThan(1e-30)
})

describe.each([
  [1, 1, 1, 1, false],
  [3, 7, 5, 2, false],
  [4, 9, 3, 8, true],
])('N %i, in %i, out %i, R %i, dropout %s', (N, inFeatures, outFeatures, rank, drops) => {
  const shape = { inFeatures, outFeatures, rank, scaling: 1.7 }
  const base = uniformValues(N * outFeatures, 1)
  const x = uniformValues(N * inFeatures, 2)
  const A = uniformValues(rank * inFeatures, 3)
  const B = uniformValues(outFeatures * rank, 4)
  const dy = uniformValues(N * outFeatures, 5)
  const mask = uniformValues(N * inFeatures, 6).map((u) => (u < 0.4 ? 1 : 0))
  const dropout = drops ? { mask, p: 0.3 } : undefined
  const { xa } = loraForward(base, x, A, B, shape, dropout)
  const { dxa, dA, dB, dx } = loraBackward(dy, x, xa, A, B, shape, dropout)
  const loss = (xNow: Float64Array, ANow: Float64Array, BNow: Float64Array) =>
    weightedSum(loraForward(base, xNow, ANow, BNow, shape, dropout).y, dy)

  it('has dx', () => expect(gradientError((values) => loss(values, A, B), x, dx)).toBeLessThan(1e-9))
  it('has dA', () => expect(gradientError((values) => loss(x, values, B), A, dA)).toBeLessThan(1e-9))
  it('has dB', () => expect(gradientError((values) => loss(x, A, values), B, dB)).toBeLessThan(1e-9))
  it('has dxa', () => {
    const up = { inFeatures: rank, outFeatures }
    const f = (values: Float64Array) => shape.scaling * weightedSum(linearForward(values, B, up), dy)
    expect(gradientError(f, xa, dxa)).toBeLessThan(1e-9)
  })
})
