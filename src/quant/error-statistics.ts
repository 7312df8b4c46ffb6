import { unpackCodes } from './packing.ts'

/** Sums over elements, which parts of a tensor (or workgroups of a kernel) can add up. */
export interface QuantErrorSums {
  count: number
  sumSquaredError: number
  sumAbsError: number
  maxError: number
  /** Of the original values. */
  sumSquares: number
  /** How often each of the 16 codes occurs. */
  histogram: number[]
}

/** How far a quantized tensor is from the original. */
export interface QuantStatistics {
  mse: number
  rmse: number
  /** Mean absolute error. */
  mae: number
  maxError: number
  /** 10·log10(Σ original² / Σ error²); Infinity when nothing was lost. */
  snrDb: number
  histogram: number[]
}

/** Sums in float64 over equally long arrays; `packed` gives the codes. */
export function quantErrorSums(
  original: Float32Array,
  dequantized: Float32Array,
  packed: Uint8Array,
): QuantErrorSums {
  const sums = { count: original.length, sumSquaredError: 0, sumAbsError: 0, maxError: 0, sumSquares: 0 }
  const histogram = new Array<number>(16).fill(0)
  for (let i = 0; i < original.length; i++) {
    const error = Math.abs(original[i] - dequantized[i])
    sums.sumSquaredError += error * error
    sums.sumAbsError += error
    if (error > sums.maxError) sums.maxError = error
    sums.sumSquares += original[i] * original[i]
  }
  for (const code of unpackCodes(packed, original.length)) histogram[code]++
  return { ...sums, histogram }
}

export function combineErrorSums(parts: Iterable<QuantErrorSums>): QuantErrorSums {
  const total: QuantErrorSums = {
    count: 0,
    sumSquaredError: 0,
    sumAbsError: 0,
    maxError: 0,
    sumSquares: 0,
    histogram: new Array<number>(16).fill(0),
  }
  for (const part of parts) {
    total.count += part.count
    total.sumSquaredError += part.sumSquaredError
    total.sumAbsError += part.sumAbsError
    total.maxError = Math.max(total.maxError, part.maxError)
    total.sumSquares += part.sumSquares
    for (let code = 0; code < 16; code++) total.histogram[code] += part.histogram[code]
  }
  return total
}

export function quantStatistics(sums: QuantErrorSums): QuantStatistics {
  const mse = sums.sumSquaredError / sums.count
  return {
    mse,
    rmse: Math.sqrt(mse),
    mae: sums.sumAbsError / sums.count,
    maxError: sums.maxError,
    snrDb: mse === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(sums.sumSquares / sums.sumSquaredError),
    histogram: sums.histogram,
  }
}
