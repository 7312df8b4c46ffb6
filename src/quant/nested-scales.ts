import { DYNAMIC_SIGNED } from '../numbers/dynamic-map.ts'
import { blockAbsmax, dequantizeBlocks, quantizeBlocks } from './block-wise.ts'

/** Scales that share one second-level scale. */
export const NESTED_BLOCK_SIZE = 256

/** Double quantization (QLoRA §3): block scales less their mean, in 8 bits, with a float32 scale for every 256. */
export interface NestedScales {
  /** 8-bit code of each block's scale. */
  readonly codes: Uint8Array
  /** float32, one for every 256 blocks. */
  readonly nestedAbsmax: Float32Array
  /** Mean of the scales, a float32. */
  readonly nestedOffset: number
  /** Values of the 256 codes. */
  readonly nestedCode: Float32Array
}

/** Quantizes the scales of one tensor. The mean is summed in float64 and rounded once. */
export function nestAbsmax(absmax: Float32Array, tensorName: string): NestedScales {
  let sum = 0
  for (const scale of absmax) sum += scale
  const nestedOffset = Math.fround(sum / absmax.length)
  const centred = absmax.map((scale) => scale - nestedOffset)
  const nestedAbsmax = blockAbsmax(centred, NESTED_BLOCK_SIZE, tensorName)
  const codes = quantizeBlocks(centred, nestedAbsmax, NESTED_BLOCK_SIZE, DYNAMIC_SIGNED)
  return { codes, nestedAbsmax, nestedOffset, nestedCode: DYNAMIC_SIGNED.code }
}

/** The scales as they will be used: fround(fround(value · nestedAbsmax) + offset). */
export function decodeNestedScales(scales: NestedScales): Float32Array<ArrayBuffer> {
  const centred = dequantizeBlocks(scales.codes, scales.nestedAbsmax, NESTED_BLOCK_SIZE, scales.nestedCode)
  return centred.map((scale) => scale + scales.nestedOffset)
}
