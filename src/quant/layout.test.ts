import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codeBookValues, decodeMatrix, encodeMatrix, layoutOf, quantLayout } from './layout.ts'
import { quantizeMatrix } from './quantized-matrix.ts'

const formats = fc.record({
  type: fc.constantFrom('nf4' as const, 'fp4' as const),
  blockSize: fc.constantFrom(32, 64, 128, 256, 512, 1024, 2048, 4096),
  doubleQuant: fc.boolean(),
})

describe('layout of a quantized matrix', () => {
  it('gives the matrix back', () => {
    fc.assert(
      fc.property(
        formats,
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 90 }),
        (format, out, inFeatures) => {
          const values = Float32Array.from({ length: out * inFeatures }, (_, i) => Math.sin(i * i))
          const matrix = quantizeMatrix(values, [out, inFeatures], format, 'w')
          const layout = layoutOf(matrix)
          const bytes = encodeMatrix(matrix)
          expect(bytes.length).toBe(layout.sizeBytes)
          expect(decodeMatrix(bytes, layout)).toEqual(matrix)
        },
      ),
    )
  })

  it('keeps every part on a word, in order and without overlap', () => {
    fc.assert(
      fc.property(
        formats,
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        (format, out, inFeatures) => {
          const layout = quantLayout([out, inFeatures], format)
          const parts = format.doubleQuant
            ? [
                [0, layout.packedBytes],
                [layout.scalesOffsetBytes, layout.blocks],
                [layout.nestedOffsetOffsetBytes, 4],
                [layout.nestedAbsmaxOffsetBytes, 4 * layout.nestedBlocks],
              ]
            : [
                [0, layout.packedBytes],
                [layout.scalesOffsetBytes, 4 * layout.blocks],
              ]
          let end = 0
          for (const [offset, size] of parts) {
            expect(offset % 4).toBe(0)
            expect(offset).toBeGreaterThanOrEqual(end)
            end = offset + size
          }
          expect(layout.sizeBytes).toBe(end)
          expect(layout.packedSizeBytes + layout.scaleSizeBytes).toBe(layout.sizeBytes)
        },
      ),
    )
  })

  it('takes 4.127 bits per parameter with double quantization, 4.5 without', () => {
    const bits = (doubleQuant: boolean) =>
      quantLayout([1024, 1024], { type: 'nf4', blockSize: 64, doubleQuant }).bitsPerParam
    expect(bits(true)).toBeCloseTo(4.127, 3)
    expect(bits(false)).toBe(4.5)
  })

  it('shares one code book', () => {
    const values = codeBookValues('nf4')
    expect([values.length, values[0], values[7], values[15], values[16 + 127], values[16 + 255]]).toEqual([
      272, -1, 0, 1, 0, 1,
    ])
  })
})
