import { describe, expect, it } from 'vitest'
import { gradientError, weightedSum } from './finite-difference.ts'
import { swigluBackward, swigluForward } from './swiglu.ts'
import { uniformValues } from './uniform-values.ts'

it('gates with silu', () => {
  const a = swigluForward([0, 1, -1], [3, 2, 4])
  expect(a[0]).toBe(0)
  expect(a[1]).toBeCloseTo(2 / (1 + Math.exp(-1)), 15)
  expect(a[2]).toBeCloseTo(-4 / (1 + Math.E), 15)
})

it('stays finite far out', () => {
  expect([...swigluForward([1000, -1000], [1, 1])]).toEqual([1000, -0])
  const { dgate } = swigluBackward([1, 1], [1000, -1000], [1, 1])
  expect([...dgate]).toEqual([1, -0])
})

describe.each([1, 7, 33])('%i elements', (count) => {
  const gate = uniformValues(count, 1, -3, 3)
  const up = uniformValues(count, 2)
  const da = uniformValues(count, 3)
  const { dgate, dup } = swigluBackward(da, gate, up)

  it('has dgate', () => {
    const f = (values: Float64Array) => weightedSum(swigluForward(values, up), da)
    expect(gradientError(f, gate, dgate)).toBeLessThan(1e-9)
  })

  it('has dup', () => {
    const f = (values: Float64Array) => weightedSum(swigluForward(gate, values), da)
    expect(gradientError(f, up, dup)).toBeLessThan(1e-9)
  })
})
