import { type CodeBook, nearestCode } from '../numbers/code-book.ts'
import { inputError } from '../util/errors.ts'

/**
 * Block-wise quantization (Dettmers et al. 2022; bitsandbytes' default backend, bit for bit). A tensor is cut, in
 * row-major order and without regard to rows, into blocks of `blockSize` values; each block is divided by its largest
 * magnitude and every value becomes the code of the nearest value of the code book.
 *
 * The work is split so that a GPU can do the bulk and the host what must be exactly rounded (WGSL's division is not):
 * scales (`blockAbsmax`, or `absmaxFromBits` of a kernel's maxima) → host: `blockReciprocals`, `hostBlocks`, nesting →
 * codes (`quantizeBlock`, or a kernel that multiplies, compares and packs).
 *
 * Magnitudes below 2^-126 count as 0 everywhere: GPUs flush them.
 */
export const SMALLEST_NORMAL = 2 ** -126

/** Above this the reciprocal is subnormal. */
const LARGEST_WITH_NORMAL_RECIPROCAL = 2 ** 126

const f = Math.fround

export const blockCount = (elements: number, blockSize: number): number => Math.ceil(elements / blockSize)

/** Number of elements of the last block when it is short, else 0. */
export const shortBlockLength = (elements: number, blockSize: number): number => elements % blockSize

/** Refuses a block size that no kernel and no bitsandbytes build has: powers of two, 32 to 4096. */
export function checkBlockSize(blockSize: number): void {
  if (blockSize >= 32 && blockSize <= 4096 && Number.isInteger(Math.log2(blockSize))) return
  throw inputError('block-size', [
    {
      message: `block size ${blockSize} is not a power of two from 32 to 4096`,
      fix: 'use 64, the usual one',
    },
  ])
}

function nonFinite(tensorName: string, where: string) {
  return inputError('non-finite', [
    {
      message: `tensor "${tensorName}" holds NaN or Inf (${where}) and cannot be quantized`,
      fix: 'the checkpoint is damaged or was trained to divergence: download it again or use another one',
    },
  ])
}

/**
 * Largest magnitude of every block.
 * @throws input/non-finite that names the tensor and the first bad element.
 */
export function blockAbsmax(
  values: Float32Array,
  blockSize: number,
  tensorName: string,
): Float32Array<ArrayBuffer> {
  const absmax = new Float32Array(blockCount(values.length, blockSize))
  for (let block = 0, start = 0; block < absmax.length; block++, start += blockSize) {
    const end = Math.min(start + blockSize, values.length)
    let largest = 0
    for (let i = start; i < end; i++) {
      const magnitude = Math.abs(values[i])
      if (magnitude > largest) largest = magnitude
      else if (Number.isNaN(magnitude)) throw nonFinite(tensorName, `element ${i} is NaN`)
    }
    if (largest === Number.POSITIVE_INFINITY) {
      const at = values.subarray(start, end).findIndex((value) => Math.abs(value) === largest)
      throw nonFinite(tensorName, `element ${start + at} is infinite`)
    }
    absmax[block] = largest < SMALLEST_NORMAL ? 0 : largest
  }
  return absmax
}

/**
 * The same from a kernel's per-block maxima of `bits & 0x7fffffff`.
 * @throws input/non-finite that names the tensor and the first bad block.
 */
export function absmaxFromBits(
  maxBits: Uint32Array,
  blockSize: number,
  tensorName: string,
): Float32Array<ArrayBuffer> {
  const bad = maxBits.findIndex((bits) => bits >= 0x7f800000)
  if (bad >= 0)
    throw nonFinite(tensorName, `among elements ${bad * blockSize} to ${(bad + 1) * blockSize - 1}`)
  const out = new Float32Array(maxBits.length)
  const bits = new Uint32Array(out.buffer)
  for (let i = 0; i < bits.length; i++) bits[i] = maxBits[i] < 0x00800000 ? 0 : maxBits[i]
  return out
}

/**
 * What a whole block's values are multiplied by: 1/absmax, correctly rounded; 0 for a block of zeros, whose codes are
 * then those of 0.0. One entry a block; those of `hostBlocks` are of no use to a kernel.
 */
export function blockReciprocals(absmax: Float32Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(absmax.length)
  for (let i = 0; i < out.length; i++) out[i] = absmax[i] === 0 ? 0 : f(1 / absmax[i])
  return out
}

/**
 * The blocks that a kernel must leave to the host (`quantizeBlock`): a short last one, which divides, and those so
 * large that their reciprocal is subnormal. Usually none.
 */
export function hostBlocks(absmax: Float32Array, elements: number, blockSize: number): number[] {
  const blocks: number[] = []
  for (let i = 0; i < absmax.length; i++) if (absmax[i] > LARGEST_WITH_NORMAL_RECIPROCAL) blocks.push(i)
  const last = absmax.length - 1
  if (shortBlockLength(elements, blockSize) > 0 && blocks.at(-1) !== last) blocks.push(last)
  return blocks
}

/**
 * Writes the codes of one block of values (scaled by `absmax`) to `codes` from `at` on.
 * @param isShort the block has fewer than blockSize values: it divides where a whole one multiplies by the reciprocal
 */
export function quantizeBlock(
  values: Float32Array,
  absmax: number,
  isShort: boolean,
  book: CodeBook,
  codes: Uint8Array,
  at = 0,
): void {
  const reciprocal = absmax === 0 ? 0 : f(1 / absmax)
  for (let i = 0; i < values.length; i++) {
    const value = Math.abs(values[i]) < SMALLEST_NORMAL ? 0 : values[i]
    const scaled = isShort && absmax !== 0 ? f(value / absmax) : f(value * reciprocal)
    const clamped = Math.abs(scaled) < SMALLEST_NORMAL ? 0 : Math.min(1, Math.max(-1, scaled))
    codes[at + i] = nearestCode(book, clamped)
  }
}

/** Codes of all values (one byte each), given the blocks' scales. */
export function quantizeBlocks(
  values: Float32Array,
  absmax: Float32Array,
  blockSize: number,
  book: CodeBook,
): Uint8Array<ArrayBuffer> {
  const codes = new Uint8Array(values.length)
  for (let block = 0, start = 0; start < values.length; block++, start += blockSize) {
    const inBlock = values.subarray(start, start + blockSize)
    quantizeBlock(inBlock, absmax[block], inBlock.length < blockSize, book, codes, start)
  }
  return codes
}

/** code · absmax, one float32 product each. */
export function dequantizeBlocks(
  codes: Uint8Array,
  absmax: Float32Array,
  blockSize: number,
  code: Float32Array,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(codes.length)
  const shift = Math.log2(blockSize)
  for (let i = 0; i < out.length; i++) out[i] = code[codes[i]] * absmax[i >>> shift]
  return out
}
