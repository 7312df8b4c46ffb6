import { type FourBitType, fourBitCodeBook } from '../numbers/code-book.ts'
import { DYNAMIC_SIGNED } from '../numbers/dynamic-map.ts'
import { blockCount, checkBlockSize } from './block-wise.ts'
import { NESTED_BLOCK_SIZE } from './nested-scales.ts'
import { elementCount, type QuantizationFormat, type QuantizedMatrix } from './quantized-matrix.ts'

/**
 * One quantized matrix is one buffer of u32 words (little-endian), so that kernels stay within few bindings:
 *
 *     packed codes, padded to 16 bytes
 *     doubleQuant:  8-bit scale codes, one a block, padded to 4 · f32 offset · f32 nested scale for every 256 blocks
 *     otherwise:    f32 scale, one a block
 *
 * Byte j of the packed codes holds elements 2j (high nibble) and 2j+1. The values of the codes are the same for all
 * matrices and stand in `codeBookValues`. Every offset and size is a multiple of 4 bytes.
 */
export interface QuantLayout extends QuantizationFormat {
  readonly shape: readonly number[]
  readonly elements: number
  /** Blocks of `blockSize` elements, the last may be short. */
  readonly blocks: number
  /** Nested blocks of 256 scales; 0 without double quantization. */
  readonly nestedBlocks: number
  /** ⌈elements / 2⌉: what a checkpoint stores. */
  readonly packedBytes: number
  /** The same, padded: where the scales begin. */
  readonly packedSizeBytes: number
  /** 8-bit scale codes (doubleQuant) or f32 scales. */
  readonly scalesOffsetBytes: number
  /** The word that holds the f32 offset; 0 without double quantization. */
  readonly nestedOffsetOffsetBytes: number
  /** The f32 nested scales; 0 without double quantization. */
  readonly nestedAbsmaxOffsetBytes: number
  /** All that is not packed codes. */
  readonly scaleSizeBytes: number
  readonly sizeBytes: number
  readonly bitsPerParam: number
}

const alignTo = (size: number, multiple: number) => Math.ceil(size / multiple) * multiple

/** Where everything stands in the buffer of a matrix of `shape` [out, in]. */
export function quantLayout(shape: readonly number[], format: QuantizationFormat): QuantLayout {
  const { type, blockSize, doubleQuant } = format
  checkBlockSize(blockSize)
  const elements = elementCount(shape)
  const blocks = blockCount(elements, blockSize)
  const nestedBlocks = doubleQuant ? blockCount(blocks, NESTED_BLOCK_SIZE) : 0
  const packedBytes = Math.ceil(elements / 2)
  const packedSizeBytes = alignTo(packedBytes, 16)
  const nestedOffsetOffsetBytes = doubleQuant ? packedSizeBytes + alignTo(blocks, 4) : 0
  const nestedAbsmaxOffsetBytes = doubleQuant ? nestedOffsetOffsetBytes + 4 : 0
  const sizeBytes = doubleQuant ? nestedAbsmaxOffsetBytes + 4 * nestedBlocks : packedSizeBytes + 4 * blocks
  return {
    shape,
    type,
    blockSize,
    doubleQuant,
    elements,
    blocks,
    nestedBlocks,
    packedBytes,
    packedSizeBytes,
    scalesOffsetBytes: packedSizeBytes,
    nestedOffsetOffsetBytes,
    nestedAbsmaxOffsetBytes,
    scaleSizeBytes: sizeBytes - packedSizeBytes,
    sizeBytes,
    bitsPerParam: (8 * sizeBytes) / elements,
  }
}

/** The layout of a matrix that is quantized already. */
export const layoutOf = (matrix: QuantizedMatrix): QuantLayout =>
  quantLayout(matrix.shape, {
    type: matrix.type,
    blockSize: matrix.blockSize,
    doubleQuant: !(matrix.scales instanceof Float32Array),
  })

/** The buffer's scale part alone (`scaleSizeBytes`, to stand at `scalesOffsetBytes`): what the host adds to a GPU's codes. */
export function encodeScales(
  scales: QuantizedMatrix['scales'],
  layout: QuantLayout,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(layout.scaleSizeBytes)
  if (scales instanceof Float32Array) {
    new Float32Array(out.buffer).set(scales)
    return out
  }
  const start = layout.scalesOffsetBytes
  out.set(scales.codes)
  new DataView(out.buffer).setFloat32(layout.nestedOffsetOffsetBytes - start, scales.nestedOffset, true)
  new Float32Array(out.buffer, layout.nestedAbsmaxOffsetBytes - start).set(scales.nestedAbsmax)
  return out
}

/** A matrix as the bytes of its buffer. */
export function encodeMatrix(matrix: QuantizedMatrix): Uint8Array<ArrayBuffer> {
  const layout = layoutOf(matrix)
  const out = new Uint8Array(layout.sizeBytes)
  out.set(matrix.packed)
  out.set(encodeScales(matrix.scales, layout), layout.scalesOffsetBytes)
  return out
}

/** The matrix that a buffer of this layout holds (its arrays are copies). */
export function decodeMatrix(buffer: Uint8Array, layout: QuantLayout): QuantizedMatrix {
  const { shape, type, blockSize, doubleQuant, blocks, scalesOffsetBytes: at } = layout
  const floats = (offset: number, length: number) =>
    new Float32Array(buffer.slice(offset, offset + 4 * length).buffer as ArrayBuffer)
  const scales = doubleQuant
    ? {
        codes: buffer.slice(at, at + blocks),
        nestedAbsmax: floats(layout.nestedAbsmaxOffsetBytes, layout.nestedBlocks),
        nestedOffset: floats(layout.nestedOffsetOffsetBytes, 1)[0],
        nestedCode: DYNAMIC_SIGNED.code,
      }
    : floats(at, blocks)
  const packed = buffer.slice(0, layout.packedBytes)
  return { type, blockSize, shape, packed, code: fourBitCodeBook(type).code, scales }
}

/** f32[272], shared by all matrices of a type: values of the 16 codes, then of the 256 scale codes. */
export function codeBookValues(type: FourBitType): Float32Array<ArrayBuffer> {
  const out = new Float32Array(16 + 256)
  out.set(fourBitCodeBook(type).code)
  out.set(DYNAMIC_SIGNED.code, 16)
  return out
}
