import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { FourBitType } from '../numbers/code-book.ts'
import { quantErrorSums, quantStatistics } from './error-statistics.ts'
import type { NestedScales } from './nested-scales.ts'
import { dequantizeMatrix, matrixAbsmax, quantizeMatrix } from './quantized-matrix.ts'

const golden = JSON.parse(readFileSync(new URL('../../e2e/golden/nf4.json', import.meta.url), 'utf8'))
const SHAPE = [130, 256]

const input = Float32Array.from(
  { length: SHAPE[0] * SHAPE[1] },
  (_, k) => ((((k * 7919 + 104729) % 65521) / 65521) * 2 - 1) ** 3 * (1 + (Math.floor(k / 64) % 7)) * 0.05,
)

const sha256 = (data: Uint8Array | Float32Array) =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')

it('makes the input that the golden hashes were taken of', () => {
  expect(Array.from(input.subarray(0, 8))).toEqual(golden.input_first8)
  expect(sha256(input)).toBe(golden.input_sha256)
})

describe.each<FourBitType>(['nf4', 'fp4'])('%s equals bitsandbytes bit for bit', (type) => {
  const expected = golden[type]
  const quantize = (doubleQuant: boolean) =>
    quantizeMatrix(input, SHAPE, { type, blockSize: 64, doubleQuant }, 'w')
  const meanAbsError = (weights: Float32Array, packed: Uint8Array) =>
    quantStatistics(quantErrorSums(input, weights, packed)).mae

  // The golden means were taken in float32.
  it('plain scales', () => {
    const matrix = quantize(false)
    expect(Array.from(matrix.packed.subarray(0, 32))).toEqual(expected.packed_first32)
    expect(sha256(matrix.packed)).toBe(expected.packed_sha256)
    const absmax = matrix.scales as Float32Array
    expect([absmax.length]).toEqual(expected.absmax_shape)
    expect(sha256(absmax)).toBe(expected.absmax_sha256)
    const weights = dequantizeMatrix(matrix)
    expect(sha256(weights)).toBe(expected.dequant_sha256)
    expect(meanAbsError(weights, matrix.packed)).toBeCloseTo(expected.mae, 10)
  })

  it('double quantization', () => {
    const matrix = quantize(true)
    expect(sha256(matrix.packed)).toBe(expected.packed_sha256)
    const scales = matrix.scales as NestedScales
    expect(scales.nestedOffset).toBe(expected.offset)
    expect(Array.from(scales.codes.subarray(0, 16))).toEqual(expected.qabsmax_first16)
    expect(sha256(scales.codes)).toBe(expected.qabsmax_sha256)
    expect(Array.from(scales.nestedAbsmax)).toEqual(expected.nested_absmax)
    expect(Array.from(matrixAbsmax(matrix).subarray(0, 8))).toEqual(expected.dq_absmax_first8)
    const weights = dequantizeMatrix(matrix)
    expect(sha256(weights)).toBe(expected.dequant_dq_sha256)
    expect(meanAbsError(weights, matrix.packed)).toBeCloseTo(expected.mae_dq, 10)
  })
})
