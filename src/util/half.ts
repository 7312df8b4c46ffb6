/**
 * Half floats, exact. Encoding rounds to nearest, ties to even; subnormals, infinities and signed zeros are kept, a NaN
 * stays a NaN (quiet). IEEE 754-2019 §3 (binary16); bfloat16 is the upper half of a binary32.
 */
const scratchFloat = new Float32Array(1)
const scratchBits = new Uint32Array(scratchFloat.buffer)

/** Bits of the float32 nearest to `value`. */
export function float32Bits(value: number): number {
  scratchFloat[0] = value
  return scratchBits[0]
}

/** The float32 with these bits. */
export function float32FromBits(bits: number): number {
  scratchBits[0] = bits
  return scratchFloat[0]
}

/** binary16 bits (0..0xffff) of a float32's bits. */
function f16FromF32Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff)
  // 65520 is halfway between the largest half and the next power of two, and ties go to the even one: infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    const rebiased = magnitude - 0x38000000
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13)
  }
  if (magnitude < 0x33000000) return sign
  // A subnormal half counts units of 2^-24.
  const shift = 126 - (magnitude >>> 23)
  const mantissa = (magnitude & 0x7fffff) | 0x800000
  const units = mantissa >>> shift
  const rest = mantissa & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return sign | (units + (rest > half || (rest === half && (units & 1) === 1) ? 1 : 0))
}

function bf16FromF32Bits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}

/** float32 bits of a binary16. */
function f32BitsFromF16(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >>> 10) & 0x1f
  const mantissa = half & 0x3ff
  if (exponent === 0x1f) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0
  if (mantissa === 0) return sign >>> 0
  // mantissa · 2^-24 with its leading one moved to bit 10.
  const shift = Math.clz32(mantissa) - 21
  return (sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13)) >>> 0
}

/** binary16 bits of the half nearest to the float32 nearest to `value`. */
export const toFloat16Bits = (value: number): number => f16FromF32Bits(float32Bits(value))

/** Value of binary16 bits. */
export const fromFloat16Bits = (half: number): number => float32FromBits(f32BitsFromF16(half))

/** bfloat16 bits nearest to the float32 nearest to `value`. */
export const toBfloat16Bits = (value: number): number => bf16FromF32Bits(float32Bits(value))

/** Value of bfloat16 bits. */
export const fromBfloat16Bits = (half: number): number => float32FromBits(half << 16)

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length)

let float16Table: Uint32Array | undefined

/** Decodes binary16 words, one by one. */
export function float16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  float16Table ??= Uint32Array.from({ length: 0x10000 }, (_, half) => f32BitsFromF16(half))
  const out = new Float32Array(halves.length)
  const bits = bitsOf(out)
  for (let i = 0; i < halves.length; i++) bits[i] = float16Table[halves[i]]
  return out
}

/** Encodes to binary16 words. */
export function float32ToFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(values.length)
  const bits = bitsOf(values)
  for (let i = 0; i < bits.length; i++) out[i] = f16FromF32Bits(bits[i])
  return out
}

/** Decodes bfloat16 words. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(halves.length)
  const bits = bitsOf(out)
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16
  return out
}

/** Encodes to bfloat16 words. */
export function float32ToBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(values.length)
  const bits = bitsOf(values)
  for (let i = 0; i < bits.length; i++) out[i] = bf16FromF32Bits(bits[i])
  return out
}
