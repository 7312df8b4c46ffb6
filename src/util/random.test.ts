import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dropThreshold, hash32, hashWord, permutation, uint32, uniform } from './random.ts'

const u32 = fc.integer({ min: 0, max: 0xffffffff })

/** hash32 once more in exact integers, as WGSL's u32 arithmetic defines it. */
function exactHash(words: number[]): number {
  const mask = 0xffffffffn
  let hash = 0x2545f491n
  for (const word of words) {
    let x = ((hash ^ BigInt(word)) + 0x9e3779b9n) & mask
    x = ((x ^ (x >> 16n)) * 0x7feb352dn) & mask
    x = ((x ^ (x >> 15n)) * 0x846ca68bn) & mask
    hash = x ^ (x >> 16n)
  }
  return Number(hash)
}

describe('hash32', () => {
  it('is exact u32 arithmetic', () => {
    fc.assert(fc.property(fc.array(u32, { maxLength: 6 }), (words) => hash32(...words) === exactHash(words)))
  })

  it('keeps its published values: saved runs and kernels depend on them', () => {
    expect([hash32(0), hash32(42), hash32(42, 1, 2, 3), hash32(0xffffffff, 0xffffffff)]).toEqual([
      108901715, 3508340344, 2986256424, 3256924305,
    ])
  })

  it('can be continued word by word, and wraps negative words', () => {
    fc.assert(fc.property(u32, u32, (a, b) => hash32(a, b) === hashWord(hash32(a), b)))
    expect(hash32(-1)).toBe(hash32(0xffffffff))
  })

  it('flips half of the bits when one bit of any word flips', () => {
    for (let word = 0; word < 3; word++) {
      let flipped = 0
      for (let i = 0; i < 1024; i++) {
        const words = [i, 7, 9 * i]
        const other = words.map((value, at) => (at === word ? value ^ (1 << (i % 32)) : value))
        for (let bits = hash32(...words) ^ hash32(...other); bits; bits &= bits - 1) flipped++
      }
      expect(flipped / (1024 * 32)).toBeCloseTo(0.5, 1)
    }
  })
})

it('drops the share of values that it is asked to', () => {
  for (const p of [0, 0.05, 0.5, 0.9]) {
    const threshold = dropThreshold(p)
    let dropped = 0
    for (let i = 0; i < 20000; i++) if (uint32(1, 2, i) < threshold) dropped++
    expect(Math.abs(dropped / 20000 - p)).toBeLessThan(0.012)
  }
  expect(dropThreshold(0)).toBe(0)
})

it('draws evenly from [0, 1)', () => {
  const bins = new Array<number>(16).fill(0)
  for (let i = 0; i < 32000; i++) {
    const value = uniform(3, i)
    if (Math.fround(value) === value) bins[Math.floor(value * 16)]++
  }
  // χ² with 15 degrees of freedom: above 37.7 once in a thousand.
  expect(bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(37.7)
})

describe('permutation', () => {
  it('holds every index once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), u32, u32, (n, seed, epoch) => {
        const sorted = Array.from(permutation(n, seed, epoch)).sort((a, b) => a - b)
        expect(sorted).toEqual(Array.from({ length: n }, (_, i) => i))
      }),
    )
  })

  it('depends on seed and epoch alone', () => {
    expect(permutation(50, 1, 2)).toEqual(permutation(50, 1, 2))
    expect(permutation(50, 1, 2)).not.toEqual(permutation(50, 1, 3))
    expect(permutation(50, 1, 2)).not.toEqual(permutation(50, 2, 2))
  })

  it('puts every index at every place equally often', () => {
    const counts = Array.from({ length: 5 }, () => new Array<number>(5).fill(0))
    for (let epoch = 0; epoch < 5000; epoch++)
      for (const [place, index] of permutation(5, 9, epoch).entries()) counts[place][index]++
    for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
