import { describe, expect, it } from 'vitest'
import type { AttentionShape } from './attention.ts'
import { attentionBackward, attentionForward } from './attention.ts'
import { gradientError, weightedSum } from './finite-difference.ts'
import { nmse } from './nmse.ts'
import { uniformValues } from './uniform-values.ts'

const SHAPES: [string, AttentionShape][] = [
  ['one token', { batchSize: 1, sequenceLength: 1, heads: 1, kvHeads: 1, headDim: 1 }],
  ['one token of several heads', { batchSize: 2, sequenceLength: 1, heads: 4, kvHeads: 2, headDim: 3 }],
  ['as many kv heads', { batchSize: 1, sequenceLength: 5, heads: 3, kvHeads: 3, headDim: 3 }],
  ['grouped queries', { batchSize: 2, sequenceLength: 7, heads: 6, kvHeads: 2, headDim: 5 }],
  ['one kv head', { batchSize: 2, sequenceLength: 4, heads: 3, kvHeads: 1, headDim: 2, softmaxScale: 0.9 }],
  [
    'segments',
    {
      batchSize: 2,
      sequenceLength: 6,
      heads: 4,
      kvHeads: 2,
      headDim: 3,
      segmentIds: [0, 0, 1, 1, 1, 2, 0, 1, 1, 1, 1, 5],
    },
  ],
]

function tensors({ batchSize, sequenceLength, heads, kvHeads, headDim }: AttentionShape) {
  const N = batchSize * sequenceLength
  return {
    q: uniformValues(N * heads * headDim, 1, -2, 2),
    k: uniformValues(N * kvHeads * headDim, 2, -2, 2),
    v: uniformValues(N * kvHeads * headDim, 3),
    dO: uniformValues(N * heads * headDim, 4),
  }
}

describe.each(SHAPES)('%s', (_, shape) => {
  const { q, k, v, dO } = tensors(shape)
  const { o, lse } = attentionForward(q, k, v, shape)
  const { dq, dk, dv } = attentionBackward(dO, q, k, v, o, lse, shape)

  it('has dq', () => {
    const f = (values: Float64Array) => weightedSum(attentionForward(values, k, v, shape).o, dO)
    expect(gradientError(f, q, dq)).toBeLessThan(1e-8)
  })

  it('has dk', () => {
    const f = (values: Float64Array) => weightedSum(attentionForward(q, values, v, shape).o, dO)
    expect(gradientError(f, k, dk)).toBeLessThan(1e-8)
  })

  it('has dv', () => {
    const f = (values: Float64Array) => weightedSum(attentionForward(q, k, values, shape).o, dO)
    expect(gradientError(f, v, dv)).toBeLessThan(1e-8)
  })
})

it('averages values by the softmax of the scaled scores', () => {
  const shape = { batchSize: 1, sequenceLength: 2, heads: 1, kvHeads: 1, headDim: 1, softmaxScale: 0.5 }
  const { o, lse } = attentionForward([5, 2], [1, 3], [10, 20], shape)
  const [a, b] = [Math.exp(1), Math.exp(3)]
  expect(o[0]).toBe(10)
  expect(o[1]).toBeCloseTo((10 * a + 20 * b) / (a + b), 12)
  expect(lse[0]).toBeCloseTo(2.5, 15)
  expect(lse[1]).toBeCloseTo(Math.log(a + b), 14)
})

it('shares a kv head among consecutive query heads', () => {
  const shape = { batchSize: 1, sequenceLength: 1, heads: 4, kvHeads: 2, headDim: 1 }
  expect([...attentionForward([1, 2, 3, 4], [1, 1], [7, 9], shape).o]).toEqual([7, 7, 9, 9])
})

it('gives packed segments what each would get alone', () => {
  const shape = { batchSize: 1, sequenceLength: 7, heads: 4, kvHeads: 2, headDim: 3 }
  const { q, k, v } = tensors(shape)
  const packed = attentionForward(q, k, v, { ...shape, segmentIds: [0, 0, 0, 0, 1, 1, 1] })
  const alone = [
    [0, 4],
    [4, 7],
  ].flatMap(([start, end]) => {
    const rows = (values: Float64Array) =>
      values.subarray((start * values.length) / 7, (end * values.length) / 7)
    return [...attentionForward(rows(q), rows(k), rows(v), { ...shape, sequenceLength: end - start }).o]
  })
  expect(nmse(packed.o, alone)).toBe(0)
})

it('stays finite with large scores', () => {
  const shape = { batchSize: 1, sequenceLength: 2, heads: 1, kvHeads: 1, headDim: 1 }
  const { o, lse } = attentionForward([1, 1000], [1, 1000], [3, 4], shape)
  expect(o[1]).toBe(4)
  expect(lse[1]).toBe(1e6)
})
