import type { Values } from './array.ts'
import { add, expectLength } from './array.ts'
import type { LinearShape } from './linear.ts'
import { linearBackwardInput, linearBackwardWeight, linearForward } from './linear.ts'

export interface LoraShape extends LinearShape {
  rank: number
  /** alpha / rank, or alpha / √rank for rsLoRA. */
  scaling: number
}

/** Inverted dropout: an element is kept where `mask` is 1 and divided by 1 − p, else it is 0. */
export interface Dropout {
  /** 0 or 1, the shape of what it drops. */
  mask: Values
  /** Probability of dropping, in [0, 1). */
  p: number
}

/** drop(x), elementwise. Its own backward: drop(dx). Without `dropout` a copy. */
export function dropoutForward(x: Values, dropout?: Dropout): Float64Array {
  if (!dropout) return Float64Array.from(x)
  const { mask, p } = dropout
  expectLength('dropout mask', mask, x.length)
  return Float64Array.from(x, (value, i) => (mask[i] === 0 ? 0 : value / (1 - p)))
}

/**
 * xa = drop(x) · Aᵀ; y = base + scaling · xa · Bᵀ (Hu et al. 2021, PEFT's order).
 * base [N, out], x [N, in], A [R, in], B [out, R] → y [N, out], xa [N, R].
 */
export function loraForward(
  base: Values,
  x: Values,
  A: Values,
  B: Values,
  shape: LoraShape,
  dropout?: Dropout,
): { y: Float64Array; xa: Float64Array } {
  const { down, up } = projections(shape)
  const xa = linearForward(dropoutForward(x, dropout), A, down)
  return { y: add(base, scale(linearForward(xa, B, up), shape.scaling)), xa }
}

/**
 * dxa = scaling · dy · B; dB = scaling · dyᵀ · xa; dA = dxaᵀ · drop(x); dx = drop(dxa · A), the adapter's share only
 * (the base adds dy · W). dy [N, out], x [N, in], xa [N, R] → dxa [N, R], dA [R, in], dB [out, R], dx [N, in].
 */
export function loraBackward(
  dy: Values,
  x: Values,
  xa: Values,
  A: Values,
  B: Values,
  shape: LoraShape,
  dropout?: Dropout,
): { dxa: Float64Array; dA: Float64Array; dB: Float64Array; dx: Float64Array } {
  const { down, up } = projections(shape)
  const dxa = scale(linearBackwardInput(dy, B, up), shape.scaling)
  const dB = scale(linearBackwardWeight(dy, xa, up), shape.scaling)
  const dA = linearBackwardWeight(dxa, dropoutForward(x, dropout), down)
  const dx = dropoutForward(linearBackwardInput(dxa, A, down), dropout)
  return { dxa, dA, dB, dx }
}

function projections({ inFeatures, outFeatures, rank }: LoraShape): {
  down: LinearShape
  up: LinearShape
} {
  return {
    down: { inFeatures, outFeatures: rank },
    up: { inFeatures: rank, outFeatures },
  }
}

const scale = (values: Float64Array, factor: number): Float64Array => values.map((value) => value * factor)
