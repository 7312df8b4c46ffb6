import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FP4, NF4, nearestCode } from './code-book.ts'
import { DYNAMIC_SIGNED, DYNAMIC_UNSIGNED } from './dynamic-map.ts'

const bitsOf = (values: Float32Array) =>
  Array.from(new Uint32Array(values.buffer), (bits) => bits.toString(16).padStart(8, '0'))

const books = [NF4, FP4, DYNAMIC_SIGNED, DYNAMIC_UNSIGNED]

describe.each(books)('$name', (book) => {
  it('sorts its values and puts a threshold between every two', () => {
    const sorted = Array.from(book.order, (code) => book.code[code])
    expect(new Set(book.order).size).toBe(book.code.length)
    for (let rank = 0; rank < book.thresholds.length; rank++) {
      expect(book.thresholds[rank]).toBeGreaterThanOrEqual(sorted[rank])
      expect(book.thresholds[rank]).toBeLessThanOrEqual(sorted[rank + 1])
    }
  })

  it('chooses the nearest value, the smaller one on a tie', () => {
    fc.assert(
      fc.property(fc.float({ min: -1, max: 1, noNaN: true }), (x) => {
        const chosen = book.code[nearestCode(book, x)]
        const least = Math.min(...Array.from(book.code, (value) => Math.abs(value - x)))
        // The midpoints are themselves rounded to float32.
        expect(Math.abs(chosen - x)).toBeLessThanOrEqual(least + 6e-8)
      }),
      { numRuns: 500 },
    )
    book.thresholds.forEach((threshold, rank) => {
      expect(nearestCode(book, threshold)).toBe(book.order[book.thresholds.indexOf(threshold)])
      expect(book.thresholds.lastIndexOf(threshold)).toBe(rank)
    })
  })
})

it('NF4 has the published bits and the published decision thresholds', () => {
  expect(bitsOf(NF4.code)).toEqual(
    (
      'bf800000 bf3239b1 bf066b30 beca32a0 be91a24d be3d353f bdba7871 00000000 ' +
      '3da2faff 3e24cae3 3e7c04dd 3ead033a 3ee1a4b8 3f1007ab 3f3913b3 3f800000'
    ).split(' '),
  )
  expect(Array.from(NF4.thresholds)).toEqual([
    -0.8480963706970215, -0.6106328964233398, -0.4599952697753906, -0.33967941999435425, -0.23460739850997925,
    -0.13791173696517944, -0.045525018125772476, 0.03979014977812767, 0.120255246758461, 0.2035212516784668,
    0.2920137643814087, 0.3893125355243683, 0.5016634464263916, 0.6427869200706482, 0.8614784479141235,
  ])
})

it('FP4 has the published bits, in code order', () => {
  const magnitudes = '00000000 3baaaaab 3f2aaaab 3f800000 3eaaaaab 3f000000 3e2aaaab 3e800000'.split(' ')
  const bits = bitsOf(FP4.code)
  expect(bits.slice(0, 8)).toEqual(magnitudes)
  expect(bits[8]).toBe('00000000')
  expect(Array.from(FP4.code.subarray(9))).toEqual(Array.from(FP4.code.subarray(1, 8), (value) => -value))
  expect(nearestCode(FP4, 0)).toBe(0)
})

describe('dynamic 8-bit maps', () => {
  // The values that bitsandbytes publishes (made with torch 2.x), a sample in clear and all of them by their hash.
  const sha256 = (values: Float32Array) =>
    createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex')

  it('signed', () => {
    const { code } = DYNAMIC_SIGNED
    const published: [number, number][] = [
      [0, -0.992968738079071],
      [1, -0.9789062738418579],
      [40, -0.43046873807907104],
      [63, -0.10703125596046448],
      [64, -0.09859374910593033],
      [96, -0.009718749672174454],
      [112, -0.0009437500848434865],
      [119, -0.00015625001105945557],
      [123, -0.000021249998098937795],
      [126, -5.500000384017767e-7],
      [127, 0],
      [128, 5.500000384017767e-7],
      [129, 0.000003250000190746505],
      [130, 0.000007749999895168003],
      [131, 0.000021249998098937795],
      [135, 0.00015625001105945557],
      [141, 0.0008312499849125743],
      [150, 0.0052187503315508366],
      [157, 0.009156249463558197],
      [175, 0.05640624836087227],
      [190, 0.09859374910593033],
      [191, 0.10703125596046448],
      [203, 0.2757812738418579],
      [222, 0.54296875],
      [254, 0.992968738079071],
      [255, 1],
    ]
    for (const [index, value] of published) expect([index, code[index]]).toEqual([index, value])
    expect(sha256(code)).toBe('e732639a65f497b4ad684bb166a4467708255edd5207757de8b8f0c7e1fda89c')
  })

  it('unsigned', () => {
    const { code } = DYNAMIC_UNSIGNED
    const published: [number, number][] = [
      [0, 0],
      [1, 3.2500003044333425e-7],
      [2, 7.749999895168003e-7],
      [3, 0.0000021249998098937795],
      [15, 0.00012812500062864274],
      [31, 0.0011406249832361937],
      [62, 0.009859374724328518],
      [100, 0.06273438036441803],
      [126, 0.09929687529802322],
      [127, 0.103515625],
      [190, 0.5464843511581421],
      [254, 0.9964843988418579],
      [255, 1],
    ]
    for (const [index, value] of published) expect([index, code[index]]).toEqual([index, value])
    expect(sha256(code)).toBe('305f002cc11278fb769d13b25b9fd0c7c83c8402c40a878fe086f4039fde6398')
  })
})
