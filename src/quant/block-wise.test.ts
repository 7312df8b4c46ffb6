import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FourBitType, FP4, fourBitCodeBook, NF4 } from '../numbers/code-book.ts'
import { StudioError } from '../util/errors.ts'
import {
  absmaxFromBits,
  blockAbsmax,
  blockReciprocals,
  hostBlocks,
  quantizeBlock,
  quantizeBlocks,
} from './block-wise.ts'
import { decodeNestedScales, nestAbsmax } from './nested-scales.ts'
import { packCodes, unpackCodes } from './packing.ts'
import { dequantizeMatrix, quantizeMatrix } from './quantized-matrix.ts'

const BLOCK_SIZES = [32, 64, 128, 256, 512, 1024, 2048, 4096]
const blockSizes = fc.constantFrom(...BLOCK_SIZES)
const types = fc.constantFrom<FourBitType>('nf4', 'fp4')

/** Weights of every magnitude, with zeros, subnormals and whole blocks of both. */
const weights = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.float({ min: -2, max: 2, noNaN: true }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(0, -0, 1e-40, -1e-39, 1.1754943508222875e-38, -1.17549421e-38),
      },
      { weight: 1, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
    ),
    { minLength: 1, maxLength: 700 },
  )
  .map((values) => Float32Array.from(values))

const gaussianish = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.integer())
  .map(([n, seed]) => Float32Array.from({ length: n }, (_, i) => Math.sin(seed + i * i * 0.37) ** 3))

const normal = (value: number) => (Math.abs(value) < 2 ** -126 ? 0 : value)

describe('codes', () => {
  it('dequantize to the nearest value that the block offers', () => {
    fc.assert(
      fc.property(weights, blockSizes, types, (values, blockSize, type) => {
        const matrix = quantizeMatrix(
          values,
          [1, values.length],
          { type, blockSize, doubleQuant: false },
          'w',
        )
        const restored = dequantizeMatrix(matrix)
        const absmax = matrix.scales as Float32Array
        for (let i = 0; i < values.length; i++) {
          const scale = absmax[Math.floor(i / blockSize)]
          const least = Math.min(
            ...Array.from(matrix.code, (value) => Math.abs(value * scale - normal(values[i]))),
          )
          const error = Math.abs(restored[i] - normal(values[i]))
          expect(error).toBeLessThanOrEqual(least + scale * 2e-7 + 2 ** -126)
        }
      }),
    )
  })

  it('of a block do not depend on the blocks beside it, whatever the rows', () => {
    fc.assert(
      fc.property(gaussianish, blockSizes, types, (values, blockSize, type) => {
        const book = fourBitCodeBook(type)
        const together = quantizeBlocks(values, blockAbsmax(values, blockSize, 'w'), blockSize, book)
        for (let start = 0; start < values.length; start += blockSize) {
          const alone = values.slice(start, start + blockSize)
          const codes = quantizeBlocks(alone, blockAbsmax(alone, blockSize, 'w'), blockSize, book)
          expect(codes).toEqual(together.slice(start, start + blockSize))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('of a short last block come of a division, of a whole one of the reciprocal, which can differ', () => {
    const rankOf = (x: number) => NF4.thresholds.filter((threshold) => x > threshold).length
    let differing = 0
    for (let i = 1; i < 1000; i++) {
      const absmax = Math.fround(i / 997)
      const reciprocal = Math.fround(1 / absmax)
      const values = NF4.thresholds.map((threshold) => threshold * absmax)
      const [divided, multiplied] = [new Uint8Array(15), new Uint8Array(15)]
      quantizeBlock(values, absmax, true, NF4, divided)
      quantizeBlock(values, absmax, false, NF4, multiplied)
      expect(Array.from(divided)).toEqual(Array.from(values, (value) => rankOf(Math.fround(value / absmax))))
      expect(Array.from(multiplied)).toEqual(
        Array.from(values, (value) => rankOf(Math.fround(value * reciprocal))),
      )
      differing += divided.filter((code, at) => code !== multiplied[at]).length
    }
    expect(differing).toBeGreaterThan(100)
  })

  it('of zeros and subnormals are those of 0.0, and they dequantize to zero', () => {
    for (const type of ['nf4', 'fp4'] as const) {
      for (const length of [64, 63, 1]) {
        const values = Float32Array.from({ length }, (_, i) => (i % 3) * 1e-39 - (i % 2) * 1e-40)
        const matrix = quantizeMatrix(values, [1, length], { type, blockSize: 64, doubleQuant: true }, 'w')
        const zero = type === 'nf4' ? 7 : 0
        expect(unpackCodes(matrix.packed, length).every((code) => code === zero)).toBe(true)
        expect(dequantizeMatrix(matrix).every((value) => value === 0)).toBe(true)
      }
    }
  })

  it('hold at the extremes of float32', () => {
    const largest = 3.4028234663852886e38
    const values = new Float32Array(64).fill(largest / 3)
    values[5] = -largest
    const matrix = quantizeMatrix(values, [1, 64], { type: 'nf4', blockSize: 64, doubleQuant: false }, 'w')
    const codes = unpackCodes(matrix.packed, 64)
    expect(codes[5]).toBe(0)
    expect(codes[0]).toBe(11)
    expect(dequantizeMatrix(matrix)[5]).toBe(-largest)
  })
})

describe('scales', () => {
  it('are the largest magnitudes, from values and from a kernel’s bits alike', () => {
    fc.assert(
      fc.property(weights, blockSizes, (values, blockSize) => {
        const absmax = blockAbsmax(values, blockSize, 'w')
        const bits = new Uint32Array(absmax.length)
        new Uint32Array(values.buffer).forEach((word, i) => {
          const block = Math.floor(i / blockSize)
          bits[block] = Math.max(bits[block], word & 0x7fffffff)
        })
        expect(absmaxFromBits(bits, blockSize, 'w')).toEqual(absmax)
      }),
    )
  })

  it('refuse NaN and infinity, naming the tensor and the place', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        fc.nat(199),
        blockSizes,
        (bad, at, blockSize) => {
          const values = new Float32Array(200).fill(0.5)
          values[at] = bad
          const name = 'model.layers.0.mlp.up_proj.weight'
          for (const attempt of [
            () => quantizeMatrix(values, [2, 100], { type: 'nf4', blockSize, doubleQuant: true }, name),
            () =>
              absmaxFromBits(
                new Uint32Array(values.buffer).map((word) => word & 0x7fffffff),
                1,
                name,
              ),
          ]) {
            expect(attempt).toThrow(StudioError)
            expect(attempt).toThrow(new RegExp(`${name}.*${at}`))
          }
        },
      ),
    )
  })

  it('name the blocks that only the host can do exactly', () => {
    const absmax = Float32Array.of(1, 2 ** 127, 0, 2 ** 126, 3e38)
    expect(hostBlocks(absmax, 5 * 64, 64)).toEqual([1, 4])
    expect(hostBlocks(absmax, 5 * 64 - 1, 64)).toEqual([1, 4])
    expect(hostBlocks(Float32Array.of(1, 1), 65, 64)).toEqual([1])
    expect(Array.from(blockReciprocals(absmax.subarray(0, 4)))).toEqual([1, 2 ** -127, 0, 2 ** -126])
  })

  it('refuse block sizes that nothing else reads', () => {
    for (const blockSize of [16, 48, 8192, 0, Number.NaN]) {
      const quantize = () =>
        quantizeMatrix(new Float32Array(64), [8, 8], { type: 'nf4', blockSize, doubleQuant: false }, 'w')
      expect(quantize).toThrow(/power of two from 32 to 4096/)
    }
  })

  it('survive nesting within half a step of the dynamic map', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: 0, max: 3, noNaN: true }), { minLength: 1, maxLength: 600 }),
        (list) => {
          const absmax = Float32Array.from(list)
          const nested = nestAbsmax(absmax, 'w')
          const decoded = decodeNestedScales(nested)
          expect(nested.nestedAbsmax.length).toBe(Math.ceil(absmax.length / 256))
          decoded.forEach((scale, i) => {
            const largest = nested.nestedAbsmax[i >> 8]
            // Steps of the top decade are 0.9/64 wide; the end of the negative side is 1.5 of them from -1.
            expect(Math.abs(scale - absmax[i])).toBeLessThanOrEqual(largest * 0.0071 + 1e-6)
          })
        },
      ),
    )
  })
})

describe('packing', () => {
  it('puts the even element in the high nibble', () => {
    expect(Array.from(packCodes(Uint8Array.of(1, 2, 15, 0), NF4))).toEqual([0x12, 0xf0])
  })

  it('pads an odd end with the code of zero', () => {
    expect(Array.from(packCodes(Uint8Array.of(1, 2, 3), NF4))).toEqual([0x12, 0x37])
    expect(Array.from(packCodes(Uint8Array.of(3), FP4))).toEqual([0x30])
  })

  it('can be undone', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(15), { maxLength: 99 }), (list) => {
        const codes = Uint8Array.from(list)
        expect(unpackCodes(packCodes(codes, NF4), codes.length)).toEqual(codes)
      }),
    )
  })
})
