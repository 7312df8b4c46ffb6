import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../util/half.ts'
import { fileError } from './file-error.ts'

/** Bytes of one element, by the names that safetensors uses. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const

export type Dtype = keyof typeof DTYPE_BYTES

/** What weights may be stored as. */
export const FLOAT_DTYPES = ['F32', 'F16', 'BF16'] as const
export type FloatDtype = (typeof FLOAT_DTYPES)[number]

export const isDtype = (name: unknown): name is Dtype =>
  typeof name === 'string' && Object.hasOwn(DTYPE_BYTES, name)

export const isFloatDtype = (dtype: Dtype): dtype is FloatDtype =>
  (FLOAT_DTYPES as readonly Dtype[]).includes(dtype)

/** The same bytes, moved only where a typed array of `bytesPerElement` could not stand on them. */
function aligned(bytes: Uint8Array<ArrayBuffer>, bytesPerElement: number): Uint8Array<ArrayBuffer> {
  return bytes.byteOffset % bytesPerElement === 0 ? bytes : bytes.slice()
}

/**
 * Little-endian bytes of an F32, F16 or BF16 tensor as float32 (a view on `bytes` where the dtype is F32).
 * @throws input/dtype that names the tensor, for any other dtype
 */
export function decodeFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: Dtype,
  tensorName: string,
): Float32Array<ArrayBuffer> {
  if (!isFloatDtype(dtype)) {
    throw fileError('dtype', [
      {
        message: `tensor "${tensorName}" is stored as ${dtype}, expected ${FLOAT_DTYPES.join(', ')}`,
        fix: 'convert the checkpoint to bfloat16, float16 or float32',
      },
    ])
  }
  const data = aligned(bytes, DTYPE_BYTES[dtype])
  if (dtype === 'F32') return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4)
  const halves = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
  return dtype === 'F16' ? float16ToFloat32(halves) : bfloat16ToFloat32(halves)
}

/** Little-endian bytes of float32 values in a float dtype, rounded to nearest even. */
export function encodeFloat32(values: Float32Array, dtype: FloatDtype): Uint8Array<ArrayBuffer> {
  const stored =
    dtype === 'F32' ? values.slice() : dtype === 'F16' ? float32ToFloat16(values) : float32ToBfloat16(values)
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
}
