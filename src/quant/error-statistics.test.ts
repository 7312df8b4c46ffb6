import { describe, expect, it } from 'vitest'
import type { FourBitType } from '../numbers/code-book.ts'
import { uniform } from '../util/random.ts'
import { combineErrorSums, quantErrorSums, quantStatistics } from './error-statistics.ts'
import { dequantizeMatrix, quantizeMatrix } from './quantized-matrix.ts'

/** Standard normal values (Box–Muller). */
const normals = (n: number, seed: number) =>
  Float32Array.from({ length: n }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, i, 0)))
    return radius * Math.cos(2 * Math.PI * uniform(seed, i, 1))
  })

const million = normals(1024 * 1024, 7)

const statisticsOf = (type: FourBitType, blockSize: number) => {
  const matrix = quantizeMatrix(million, [1024, 1024], { type, blockSize, doubleQuant: false }, 'w')
  return quantStatistics(quantErrorSums(million, dequantizeMatrix(matrix), matrix.packed))
}

describe('error on a million normal values', () => {
  // Means over 200 samples of bitsandbytes' own tests; one sample of a million strays by 0.1 %.
  it.each<[FourBitType, number, number]>([
    ['nf4', 32, 0.067746],
    ['nf4', 64, 0.072798],
    ['nf4', 256, 0.080337],
    ['nf4', 4096, 0.092547],
    ['fp4', 64, 0.096543],
  ])('%s with blocks of %i has the published mean', (type, blockSize, published) => {
    expect(Math.abs(statisticsOf(type, blockSize).mae / published - 1)).toBeLessThan(0.005)
  })

  it('NF4 has the published RMSE and uses all codes about equally', () => {
    const { rmse, mse, snrDb, histogram, maxError } = statisticsOf('nf4', 64)
    expect(Math.abs(rmse / 0.091966 - 1)).toBeLessThan(0.005)
    expect(snrDb).toBeCloseTo(-10 * Math.log10(mse), 1)
    expect(histogram.reduce((sum, count) => sum + count)).toBe(million.length)
    expect(Math.min(...histogram) / million.length).toBeGreaterThan(0.01)
    expect(maxError).toBeGreaterThan(3 * rmse)
  })
})

describe('sums', () => {
  const original = Float32Array.of(1, -2, 0.5, 0.25)
  const dequantized = Float32Array.of(0.5, -2, 0.75, 0.25)
  const packed = Uint8Array.of(0x3f, 0x33)

  it('give the definitions', () => {
    const statistics = quantStatistics(quantErrorSums(original, dequantized, packed))
    const histogram = new Array<number>(16).fill(0)
    histogram[3] = 3
    histogram[15] = 1
    expect(statistics).toEqual({
      mse: 0.3125 / 4,
      rmse: Math.sqrt(0.3125 / 4),
      mae: 0.75 / 4,
      maxError: 0.5,
      snrDb: 10 * Math.log10(5.3125 / 0.3125),
      histogram,
    })
  })

  it('of parts add up to those of the whole', () => {
    const parts = [
      quantErrorSums(original.subarray(0, 2), dequantized.subarray(0, 2), packed.subarray(0, 1)),
      quantErrorSums(original.subarray(2), dequantized.subarray(2), packed.subarray(1)),
    ]
    expect(combineErrorSums(parts)).toEqual(quantErrorSums(original, dequantized, packed))
  })

  it('without error have infinite signal to noise', () => {
    expect(quantStatistics(quantErrorSums(original, original, packed)).snrDb).toBe(Number.POSITIVE_INFINITY)
  })
})
