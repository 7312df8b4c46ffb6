import type { Values } from './array.ts'
import { expectLength } from './array.ts'
import { uniformValues } from './uniform-values.ts'

/** A scalar function of one array; it must not keep or change its argument. */
export type ScalarFunction = (x: Float64Array) => number

/** Σ values · weights: turns an op's output into a scalar whose output gradient is `weights`. */
export function weightedSum(values: Values, weights: Values): number {
  expectLength('weights', weights, values.length)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] * weights[i]
  return sum
}

/**
 * d f(x + t · direction) / dt at t = 0 by the five-point central difference: truncation of order stepSize⁴ and
 * rounding of order 1e-16 / stepSize, so that 2e-4 leaves about 1e-12 of a function whose values and derivatives are
 * near 1.
 */
export function directionalDerivative(
  f: ScalarFunction,
  x: Values,
  direction: Values,
  stepSize = 2e-4,
): number {
  expectLength('direction', direction, x.length)
  const at = (t: number) => f(Float64Array.from(x, (value, i) => value + t * direction[i]))
  const near = at(stepSize) - at(-stepSize)
  const far = at(2 * stepSize) - at(-2 * stepSize)
  return (8 * near - far) / (12 * stepSize)
}

export interface GradientErrorOptions {
  seed?: number
  /** How many single coordinates are tried, evenly spread; all where x has no more. */
  coordinates?: number
  stepSize?: number
  /** Derivatives smaller than this are compared in units of it: a gradient that is 0 has no relative error. */
  floor?: number
}

/**
 * Largest relative error of `gradient` as the gradient of `f` at `x`: along one random direction and along single
 * coordinates, each relative to the larger of the derivative and the gradient's root mean square.
 * Infinity when anything is NaN.
 */
export function gradientError(
  f: ScalarFunction,
  x: Values,
  gradient: Values,
  options: GradientErrorOptions = {},
): number {
  const { seed = 1, coordinates = 24, stepSize = 2e-4, floor = 1e-3 } = options
  expectLength('gradient', gradient, x.length)
  const rms = Math.sqrt(weightedSum(gradient, gradient) / gradient.length)
  const errors = directions(x.length, coordinates, seed).map((direction) => {
    const expected = directionalDerivative(f, x, direction, stepSize)
    const actual = weightedSum(gradient, direction)
    return Math.abs(actual - expected) / Math.max(Math.abs(expected), rms, floor)
  })
  return errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...errors)
}

function directions(length: number, coordinates: number, seed: number): Float64Array[] {
  const count = Math.min(coordinates, length)
  const axes = Array.from({ length: count }, (_, j) => {
    const axis = new Float64Array(length)
    axis[Math.floor((j * length) / count)] = 1
    return axis
  })
  return [uniformValues(length, seed), ...axes]
}
