import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../graph/device.ts'
import { attentionCase, packed, shape } from '../verify/cases/attention.ts'
import { tileShape } from './attention.ts'
import { testOp } from './testing/test-op.ts'

// Tiled kernels take a software adapter seconds to compile: they are tested here for few head dimensions, with small
// tiles, and in attention.full.gpu.test.ts as a GPU runs them.
testOp(attentionCase('one token', shape(1, 1, 1, 1, 16)))
testOp(attentionCase('heads of 8, one token more than a tile of keys', shape(2, 17, 2, 1, 8)), ['plain'])
testOp(attentionCase('heads of 16', shape(1, 33, 4, 2, 16)))
testOp(attentionCase('heads of 20, which no power of two divides', shape(1, 19, 2, 2, 20)))
testOp(attentionCase('heads of 32', shape(2, 31, 2, 2, 32)))
testOp(attentionCase('heads of 64, 9 of them on 3 (SmolLM2)', shape(1, 35, 9, 3, 64)))
testOp(attentionCase('heads of 96', shape(1, 18, 2, 1, 96)), ['plain'])
testOp(attentionCase('heads of 128', shape(1, 20, 2, 1, 128)), ['plain'])
testOp(attentionCase('heads of 256', shape(1, 11, 1, 1, 256)), ['plain'])
testOp(
  attentionCase('packed documents that straddle tiles', shape(2, 40, 2, 1, 32), {
    segmentIds: packed(80, 5, 1, 17, 30),
  }),
)
testOp(attentionCase('a document a token', shape(1, 21, 1, 1, 16), { segmentIds: packed(21, 1) }))
testOp(
  attentionCase('segments out of order and interleaved', shape(1, 37, 2, 1, 16), {
    segmentIds: packed(37, 3, 4).map((id) => (id * 7) % 3),
  }),
)
testOp(attentionCase('scores far from zero', shape(1, 24, 1, 1, 64), { range: 12 }))
testOp(attentionCase('only v trains', shape(1, 9, 2, 1, 16), { trained: 'v' }), ['plain'])
testOp(attentionCase('only k trains', shape(1, 9, 2, 1, 16), { trained: 'k' }), ['plain'])
testOp(attentionCase('only q trains', shape(1, 9, 2, 1, 16), { trained: 'q' }), ['plain'])

test('tiles fit the least workgroup memory of WebGPU for every head dimension', () => {
  for (let headDim = 4; headDim <= 256; headDim += 4) {
    const bytes = (rows: number, keys: number) => 2 * (rows + keys) * (headDim * 4 + 16) + rows * keys * 8
    const { rows, keys, lanes, vectors } = tileShape(headDim, bytes, DEFAULT_LIMITS)
    expect(bytes(rows, keys)).toBeLessThanOrEqual(16384)
    expect(lanes * vectors * 4).toBe(headDim)
    expect(rows * lanes).toBeLessThanOrEqual(256)
    expect(keys).toBeGreaterThanOrEqual(4)
  }
})
