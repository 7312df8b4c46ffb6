import { describe, expect, it } from 'vitest'
import { gradientError, weightedSum } from './finite-difference.ts'
import { nmse } from './nmse.ts'
import { ropeBackward, ropeForward, ropeFrequencies, ropeTables } from './rope.ts'
import { uniformValues } from './uniform-values.ts'

it('has frequencies theta^(−2i/HD)', () => {
  const frequencies = ropeFrequencies(4, 10000)
  expect(frequencies[0]).toBe(1)
  expect(frequencies[1]).toBeCloseTo(0.01, 15)
})

it('scales as Llama 3: long waves by the factor, short ones not, a line between', () => {
  const scaling = { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositionEmbeddings: 16 }
  const plain = ropeFrequencies(16, 500000)
  const scaled = ropeFrequencies(16, 500000, scaling)
  // 16 positions make 16/2π = 2.546… turns of the first pair and 0.494 of the second.
  const smooth = (16 / (2 * Math.PI) - 1) / 3
  expect(scaled[0]).toBeCloseTo((1 - smooth) / 8 + smooth, 14)
  for (let i = 1; i < 8; i++) expect(scaled[i]).toBe(plain[i] / 8)
  const longContext = { ...scaling, originalMaxPositionEmbeddings: 8192 }
  expect(ropeFrequencies(16, 500000, longContext)[0]).toBe(1)
})

it('makes one row of tables a position', () => {
  const tables = ropeTables([0, 3], [1, 0.5])
  expect([...tables.cos]).toEqual([1, 1, Math.cos(3), Math.cos(1.5)])
  expect([...tables.sin]).toEqual([0, 0, Math.sin(3), Math.sin(1.5)])
})

it('turns the pairs (i, i + HD/2) by position · frequency', () => {
  const y = ropeForward([1, 0, 0, 2], ropeTables([3], [1, 0.5]), 1, 4)
  expect(y[0]).toBeCloseTo(Math.cos(3), 15)
  expect(y[2]).toBeCloseTo(Math.sin(3), 15)
  expect(y[1]).toBeCloseTo(-2 * Math.sin(1.5), 15)
  expect(y[3]).toBeCloseTo(2 * Math.cos(1.5), 15)
})

describe.each([
  [1, 1, 2],
  [5, 3, 6],
  [4, 2, 32],
])('N %i, heads %i, HD %i', (N, heads, headDim) => {
  const positions = uniformValues(N, 1, 0, 200).map(Math.floor)
  const tables = ropeTables(positions, ropeFrequencies(headDim, 10000))
  const x = uniformValues(N * heads * headDim, 2)
  const dy = uniformValues(N * heads * headDim, 3)

  it('has dx', () => {
    const f = (values: Float64Array) => weightedSum(ropeForward(values, tables, heads, headDim), dy)
    expect(gradientError(f, x, ropeBackward(dy, tables, heads, headDim))).toBeLessThan(1e-9)
  })

  it('is undone by its backward', () => {
    const there = ropeForward(x, tables, heads, headDim)
    expect(nmse(ropeBackward(there, tables, heads, headDim), x)).toBeLessThan(1e-30)
  })
})
