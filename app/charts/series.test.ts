import { describe, expect, it } from 'vitest'
import { linearAxis, logAxis, stepAxis } from './axis.ts'
import { extent, nearest, pathOf, pointsOf } from './curve.ts'
import { decimate, MAX_POINTS, thin } from './decimate.ts'
import { heightWithoutOutliers, smooth, stepsToAverage } from './smooth.ts'
import { logTicks } from './ticks.ts'

const heights = (count: number, value: (index: number) => number) =>
  Float64Array.from({ length: count }, (_, index) => value(index))

describe('thin', () => {
  it('leaves short curves alone', () => {
    expect(thin(heights(MAX_POINTS, (index) => index))).toHaveLength(MAX_POINTS)
  })

  it.each([601, 1023, 1024, 1025, 10_000, 49_999, 50_000])(
    'keeps the ends, every spike and the order of %i',
    (count) => {
      const spikes = [Math.floor(count * 0.4321), Math.floor(count * 0.7777)]
      const kept = thin(
        heights(count, (index) =>
          index === spikes[0] ? 100 : index === spikes[1] ? -100 : Math.sin(index / 50),
        ),
      )
      expect(kept.length).toBeLessThanOrEqual(MAX_POINTS)
      expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b))
      expect(kept).toEqual(expect.arrayContaining([0, ...spikes, count - 1]))
    },
  )

  it('keeps the points of a growing curve in their places', () => {
    const curve = heights(9000, (index) => Math.sin(index * index))
    const before = thin(curve.subarray(0, 8000))
    const after = new Set(thin(curve))
    expect(before.filter((place) => !after.has(place)).length).toBeLessThanOrEqual(3)
  })

  it('keeps marked places beyond the limit and survives what is not finite', () => {
    const curve = heights(5000, () => Number.NaN)
    expect(thin(curve, { keep: [1234] })).toContain(1234)
    const rows = Array.from(curve, (value, index) => ({ index, value }))
    const kept = decimate(rows, (row) => row.value, { keep: (row) => row.index === 1234 })
    expect(kept.some((row) => row.index === 1234)).toBe(true)
    expect(kept.length).toBeLessThanOrEqual(MAX_POINTS + 1)
  })
})

describe('smooth', () => {
  it('starts at the first value and stays on a constant', () => {
    for (const value of smooth([2, 2, 2])) expect(value).toBeCloseTo(2, 12)
  })

  it('lags behind a jump without overshooting', () => {
    const [, second, third] = smooth([0, 1, 1], 2)
    expect(second).toBeCloseTo(2 / 3, 12)
    expect(third).toBeGreaterThan(second)
    expect(third).toBeLessThan(1)
  })

  it('skips what is not finite and goes on; over one step it changes nothing', () => {
    const [first, gap, after] = smooth([4, Number.NaN, 4])
    expect(first).toBeCloseTo(4, 12)
    expect(gap).toBeNaN()
    expect(after).toBeCloseTo(4, 12)
    expect([...smooth([3, 1, 2], 1)]).toEqual([3, 1, 2])
  })

  it('averages over more of a longer curve', () => {
    expect([4, 40, 500, 50_000].map(stepsToAverage)).toEqual([1, 5, 10, 500])
  })
})

describe('heightWithoutOutliers', () => {
  it('cuts single spikes and never the smoothed curve', () => {
    const raw = heights(200, (index) => (index === 77 ? 90 : 3 - index / 100))
    expect(heightWithoutOutliers(raw, smooth(raw, 10))).toBeLessThan(20)
    expect(heightWithoutOutliers(raw, smooth(raw, 10))).toBeGreaterThan(2.9)
  })
})

describe('axes', () => {
  it('place their ends, and nothing that has no place', () => {
    for (const axis of [linearAxis(0, 7), logAxis(0.01, 300), stepAxis(0, 150)])
      expect([axis.place(axis.from), axis.place(axis.to)]).toEqual([0, 1])
    expect(logAxis(0.1, 10).place(1)).toBeCloseTo(0.5, 12)
    expect(logAxis(0.1, 1).place(0)).toBeNaN()
  })

  it('name round values within their ends', () => {
    expect(stepAxis(1, 150).ticks).toEqual([1, 50, 100, 150])
    expect(logTicks(0.03, 4)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2])
    expect(logTicks(0.9, 1100)).toEqual([1, 10, 100, 1000])
  })
})

describe('curves', () => {
  const curve = { key: 'a', name: 'a', color: 'red', xs: [0, 1, 2, 3], ys: [0, Number.NaN, 2, 4] }

  it('have a gap where a value is no number', () => {
    expect(pathOf(curve, linearAxis(0, 3), linearAxis(0, 4), 30, 40)).toBe('M0.0,40.0h0M20.0,20.0h0L30.0,0.0')
    expect(pointsOf(curve, false).map(({ y }) => y)).toEqual([0, null, 2, 4])
    expect(pointsOf(curve, true).map(({ y }) => y)).toEqual([null, null, 2, 4])
    expect(extent([curve])).toEqual({ lowest: 2, highest: 4 })
    expect(extent([{ ...curve, ys: [] }])).toBeNull()
  })

  it('find the point under a pointer', () => {
    expect([-5, 0.4, 0.6, 2.2, 99].map((at) => nearest(curve.xs, at))).toEqual([0, 0, 1, 2, 3])
    expect(nearest([], 1)).toBe(-1)
  })
})
