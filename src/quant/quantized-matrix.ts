import { type FourBitType, fourBitCodeBook } from '../numbers/code-book.ts'
import { blockAbsmax, checkBlockSize, dequantizeBlocks, quantizeBlocks } from './block-wise.ts'
import { decodeNestedScales, type NestedScales, nestAbsmax } from './nested-scales.ts'
import { packCodes, unpackCodes } from './packing.ts'

export interface QuantizationFormat {
  readonly type: FourBitType
  /** Values that share a scale: a power of two from 32 to 4096. */
  readonly blockSize: number
  /** Quantize the scales too. */
  readonly doubleQuant: boolean
}

/** A weight matrix in 4 bits, as bitsandbytes stores it. */
export interface QuantizedMatrix {
  readonly type: FourBitType
  readonly blockSize: number
  /** [out, in], row-major. */
  readonly shape: readonly number[]
  /** Two codes a byte, ⌈elements / 2⌉ bytes. */
  readonly packed: Uint8Array
  /** Values of the 16 codes. */
  readonly code: Float32Array
  /** One float32 a block, or nested. */
  readonly scales: Float32Array | NestedScales
}

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1)

/**
 * Quantizes `values` (row-major, `shape`) on the CPU.
 * @throws input/non-finite that names the tensor; input/block-size
 */
export function quantizeMatrix(
  values: Float32Array,
  shape: readonly number[],
  format: QuantizationFormat,
  tensorName: string,
): QuantizedMatrix {
  const { type, blockSize, doubleQuant } = format
  checkBlockSize(blockSize)
  const book = fourBitCodeBook(type)
  const absmax = blockAbsmax(values, blockSize, tensorName)
  const packed = packCodes(quantizeBlocks(values, absmax, blockSize, book), book)
  const scales = doubleQuant ? nestAbsmax(absmax, tensorName) : absmax
  return { type, blockSize, shape, packed, code: book.code, scales }
}

/** Block scales as the weights will use them. */
export const matrixAbsmax = (matrix: QuantizedMatrix): Float32Array =>
  matrix.scales instanceof Float32Array ? matrix.scales : decodeNestedScales(matrix.scales)

/** The weights that a forward pass sees, float32, row-major. */
export function dequantizeMatrix(matrix: QuantizedMatrix): Float32Array<ArrayBuffer> {
  const codes = unpackCodes(matrix.packed, elementCount(matrix.shape))
  return dequantizeBlocks(codes, matrixAbsmax(matrix), matrix.blockSize, matrix.code)
}
