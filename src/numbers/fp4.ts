/**
 * FP4 as bitsandbytes defines it: one sign bit, two of exponent, one of mantissa, scaled so that the largest is 1. The
 * table is in code order, which is not sorted by value. Code 8 (negative zero) is +0.0, as in bitsandbytes' default
 * backend.
 */
const MAGNITUDES = [0, 0.0625, 8, 12, 4, 6, 2, 3]

export const FP4_CODE = Float32Array.from([
  ...MAGNITUDES.map((magnitude) => magnitude / 12),
  ...MAGNITUDES.map((magnitude) => (magnitude === 0 ? 0 : -magnitude / 12)),
])

/** Codes by ascending value; the two zeros stand as bitsandbytes' argsort leaves them (0 before 8). */
export const FP4_ORDER = Uint8Array.of(11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3)
