import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  fromBfloat16Bits,
  fromFloat16Bits,
  toBfloat16Bits,
  toFloat16Bits,
} from './half.ts'

const ALL = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits)

/** The definition of binary16 and bfloat16: sign, exponent, fraction. */
function definedValue(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1)
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits
  const bias = 2 ** (exponentBits - 1) - 1
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias))
}

const formats = [
  {
    name: 'float16',
    decode: fromFloat16Bits,
    encode: toFloat16Bits,
    decodeAll: float16ToFloat32,
    encodeAll: float32ToFloat16,
    exponentBits: 5,
    fractionBits: 10,
    infinity: 0x7c00,
  },
  {
    name: 'bfloat16',
    decode: fromBfloat16Bits,
    encode: toBfloat16Bits,
    decodeAll: bfloat16ToFloat32,
    encodeAll: float32ToBfloat16,
    exponentBits: 8,
    fractionBits: 7,
    infinity: 0x7f80,
  },
]

describe.each(formats)(
  '$name',
  ({ decode, encode, decodeAll, encodeAll, exponentBits, fractionBits, infinity }) => {
    it('decodes all 65,536 bit patterns by the definition', () => {
      const decoded = decodeAll(ALL)
      const expected = Float32Array.from(ALL, (bits) => definedValue(bits, exponentBits, fractionBits))
      expect(decoded.every((value, bits) => Object.is(value, expected[bits]))).toBe(true)
      expect(ALL.every((bits) => Object.is(decode(bits), expected[bits]))).toBe(true)
    })

    it('encodes every value back to its own bits', () => {
      const encoded = encodeAll(decodeAll(ALL))
      const isNotNumber = (bits: number) => (bits & 0x7fff) > infinity
      expect(
        ALL.filter((bits) => (isNotNumber(bits) ? !isNotNumber(encoded[bits]) : encoded[bits] !== bits)),
      ).toEqual(new Uint16Array())
    })

    it('rounds to the nearest value, ties to the even one', () => {
      const middles = Float32Array.from(
        ALL.subarray(0, infinity - 1),
        (bits) => (decode(bits) + decode(bits + 1)) / 2,
      )
      const neighbours = (step: number) =>
        new Float32Array(new Uint32Array(middles.buffer).map((bits) => bits + step).buffer)
      const rounded = {
        tie: encodeAll(middles),
        up: encodeAll(neighbours(1)),
        down: encodeAll(neighbours(-1)),
      }
      const wrong = ALL.subarray(0, infinity - 1).filter((bits) => {
        const even = bits + (bits & 1)
        return rounded.tie[bits] !== even || rounded.up[bits] !== bits + 1 || rounded.down[bits] !== bits
      })
      expect(wrong).toEqual(new Uint16Array())
    })

    it('agrees one by one and in bulk', () => {
      fc.assert(
        fc.property(fc.float32Array(), (values) => {
          const one = Array.from(values, encode)
          expect(Array.from(encodeAll(values))).toEqual(one)
        }),
      )
    })
  },
)

it('overflows to infinity where rounding up says so', () => {
  expect(toFloat16Bits(65519.99)).toBe(0x7bff)
  expect(toFloat16Bits(65520)).toBe(0x7c00)
  expect(toFloat16Bits(-1e30)).toBe(0xfc00)
  expect(toBfloat16Bits(3.4028234663852886e38)).toBe(0x7f80)
  expect(toFloat16Bits(2 ** -25)).toBe(0)
  expect(toFloat16Bits(2 ** -25 * 1.0001)).toBe(1)
})
