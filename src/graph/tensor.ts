/** What a tensor's elements are in memory. f16 and bf16 are read from packed u32 words on every device. */
export type StorageFormat = 'f32' | 'u32' | 'i32' | 'f16' | 'bf16' | 'nf4' | 'fp4'

/** Every GPU byte of a run belongs to one of these; the memory plan is their sum. */
export const MEMORY_CATEGORIES = [
  'base4bit',
  'scales',
  'weights',
  'adapters',
  'gradients',
  'optimizer',
  'activations',
  'workspace',
  'kvCache',
  'staging',
] as const
export type MemoryCategory = (typeof MEMORY_CATEGORIES)[number]
export type BytesByCategory = Record<MemoryCategory, number>

/**
 * Where a tensor lives.
 * - activation: somewhere in the arena, decided by liveness; gone when its last reader has run.
 * - buffer: a buffer of its own under `key`, shared by every stage that names it (weights, tables, inputs, metrics).
 * - pool: a range of a shared buffer (adapters, their gradients and moments), `offset` in bytes, a multiple of 256.
 */
export type Home =
  | { kind: 'activation' }
  | { kind: 'buffer'; key: string }
  | { kind: 'pool'; key: string; offset: number }

/** How a matrix is stored in 4 bits (NUMERICS §4–§6; byte layout in quant/layout.ts). */
export interface QuantizedStorage {
  type: 'nf4' | 'fp4'
  blockSize: number
  doubleQuant: boolean
}

/** A symbolic tensor: a name for bytes that exist once a plan is realised. Identity is the object. */
export interface Tensor {
  readonly name: string
  /** Row-major extents. */
  readonly shape: readonly number[]
  readonly format: StorageFormat
  /** Exact bytes, a multiple of 4. */
  readonly sizeBytes: number
  readonly home: Home
  /** How the bytes count in the memory plan; a 4-bit matrix splits into base4bit and scales. */
  readonly bytes: Partial<BytesByCategory>
  readonly quantization?: QuantizedStorage
  /** Present on trainable tensors: where their gradient accumulates. */
  readonly gradient?: Tensor
}

const BYTES_PER_ELEMENT: Record<Exclude<StorageFormat, 'nf4' | 'fp4'>, number> = {
  f32: 4,
  u32: 4,
  i32: 4,
  f16: 2,
  bf16: 2,
}

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, extent) => product * extent, 1)

/** Bytes of an unquantized tensor, padded to whole 32-bit words. */
export function denseBytes(shape: readonly number[], format: StorageFormat): number {
  if (format === 'nf4' || format === 'fp4') throw new Error(`${format} sizes come from quant/layout`)
  return Math.ceil((elementCount(shape) * BYTES_PER_ELEMENT[format]) / 4) * 4
}

/** A dense tensor with a buffer of its own. */
export function bufferTensor(
  key: string,
  shape: readonly number[],
  format: Exclude<StorageFormat, 'nf4' | 'fp4'>,
  category: MemoryCategory,
): Tensor {
  const sizeBytes = denseBytes(shape, format)
  return {
    name: key,
    shape,
    format,
    sizeBytes,
    home: { kind: 'buffer', key },
    bytes: { [category]: sizeBytes },
  }
}

/** A 4-bit matrix with a buffer of its own; the sizes come from quant/layout. */
export function quantizedTensor(
  key: string,
  shape: readonly [out: number, inner: number],
  quantization: QuantizedStorage,
  size: { packedSizeBytes: number; scaleSizeBytes: number; sizeBytes: number },
): Tensor {
  return {
    name: key,
    shape,
    format: quantization.type,
    sizeBytes: size.sizeBytes,
    home: { kind: 'buffer', key },
    bytes: { base4bit: size.packedSizeBytes, scales: size.scaleSizeBytes },
    quantization,
  }
}
