import { describe, expect, it } from 'vitest'
import { decimate, MAX_POINTS } from './decimate.ts'
import { smooth } from './smooth.ts'

const rows = (count: number, value: (index: number) => number | null) =>
  Array.from({ length: count }, (_, index) => ({ index, value: value(index) }))

describe('decimate', () => {
  it('leaves short series alone', () => {
    const short = rows(MAX_POINTS, (index) => index)
    expect(decimate(short, (row) => row.value)).toEqual(short)
  })

  it('keeps the ends, every spike and the order within the limit', () => {
    const long = rows(10_000, (index) =>
      index === 4321 ? 100 : index === 7777 ? -100 : Math.sin(index / 50),
    )
    const kept = decimate(long, (row) => row.value)
    expect(kept.length).toBeLessThanOrEqual(MAX_POINTS)
    const indices = kept.map((row) => row.index)
    expect(indices).toEqual([...indices].sort((a, b) => a - b))
    expect(indices).toEqual(expect.arrayContaining([0, 4321, 7777, 9999]))
  })

  it('keeps marked rows beyond the limit and survives what is not finite', () => {
    const long = rows(5000, (index) => (index % 3 === 0 ? Number.NaN : null))
    const kept = decimate(long, (row) => row.value, { keep: (row) => row.index === 1234 })
    expect(kept.some((row) => row.index === 1234)).toBe(true)
    expect(kept.length).toBeLessThanOrEqual(MAX_POINTS + 1)
  })
})

describe('smooth', () => {
  it('starts at the first value and stays on a constant', () => {
    for (const value of smooth([2, 2, 2])) expect(value).toBeCloseTo(2, 12)
  })

  it('lags behind a jump without overshooting', () => {
    const [, second, third] = smooth([0, 1, 1], 0.5) as number[]
    expect(second).toBeCloseTo(2 / 3, 12)
    expect(third).toBeGreaterThan(second)
    expect(third).toBeLessThan(1)
  })

  it('skips what is not finite and goes on', () => {
    const [first, gap, after] = smooth([4, Number.NaN, 4])
    expect(first).toBeCloseTo(4, 12)
    expect(gap).toBeNull()
    expect(after).toBeCloseTo(4, 12)
  })
})
