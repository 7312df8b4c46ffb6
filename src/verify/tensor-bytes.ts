import type { StorageFormat, Tensor } from '../graph/tensor.ts'
import type { Values } from '../reference/array.ts'
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../util/half.ts'

/** Values as the bytes of a dense tensor, padded to whole words. */
export function encodeValues(values: Values, format: StorageFormat): Uint8Array<ArrayBuffer> {
  const typed = encode(values, format)
  const bytes = new Uint8Array(Math.ceil(typed.byteLength / 4) * 4)
  bytes.set(new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength))
  return bytes
}

function encode(values: Values, format: StorageFormat) {
  if (format === 'u32') return Uint32Array.from(values)
  if (format === 'i32') return Int32Array.from(values)
  const floats = Float32Array.from(values)
  if (format === 'f16') return float32ToFloat16(floats)
  if (format === 'bf16') return float32ToBfloat16(floats)
  if (format === 'f32') return floats
  throw new Error(`${format} is not a dense format`)
}

/** The first `count` elements of a dense tensor's bytes. */
export function decodeValues(
  bytes: Uint8Array<ArrayBuffer>,
  format: Tensor['format'],
  count: number,
): Float64Array {
  const copy = bytes.slice().buffer
  if (format === 'u32') return Float64Array.from(new Uint32Array(copy, 0, count))
  if (format === 'i32') return Float64Array.from(new Int32Array(copy, 0, count))
  if (format === 'f16') return Float64Array.from(float16ToFloat32(new Uint16Array(copy, 0, count)))
  if (format === 'bf16') return Float64Array.from(bfloat16ToFloat32(new Uint16Array(copy, 0, count)))
  if (format === 'f32') return Float64Array.from(new Float32Array(copy, 0, count))
  throw new Error(`${format} is not a dense format`)
}
