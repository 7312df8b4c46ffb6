import type { Values } from './array.ts'
import { expectLength } from './array.ts'

export interface AdamwState {
  /** Parameters. */
  p: Float64Array
  /** First moment. */
  m: Float64Array
  /** Second moment. */
  v: Float64Array
}

export interface AdamwOptions {
  /** 1 for the first update. */
  step: number
  lr: number
  beta1: number
  beta2: number
  eps: number
  weightDecay: number
  /** Multiplies the gradient first; 1 when left out. */
  clipFactor?: number
  /** Returns the state unchanged, as when the gradient norm is not finite. */
  skip?: boolean
}

/** Zero moments for `parameters`. */
export function adamwState(parameters: Values): AdamwState {
  return {
    p: Float64Array.from(parameters),
    m: new Float64Array(parameters.length),
    v: new Float64Array(parameters.length),
  }
}

/**
 * One update as torch.optim.AdamW (Loshchilov & Hutter 2019): p ← p · (1 − lr · weightDecay) first, then
 * p ← p − lr · m̂ / (√v̂ + eps) with bias-corrected moments. Returns a new state.
 */
export function adamwStep(state: AdamwState, gradient: Values, options: AdamwOptions): AdamwState {
  const { step, lr, beta1, beta2, eps, weightDecay, clipFactor = 1, skip = false } = options
  expectLength('gradient', gradient, state.p.length)
  if (skip) return { p: state.p.slice(), m: state.m.slice(), v: state.v.slice() }
  const correction1 = 1 - beta1 ** step
  const correction2 = 1 - beta2 ** step
  const m = state.m.map((value, i) => beta1 * value + (1 - beta1) * clipFactor * gradient[i])
  const v = state.v.map((value, i) => beta2 * value + (1 - beta2) * (clipFactor * gradient[i]) ** 2)
  const p = state.p.map((value, i) => {
    const update = m[i] / correction1 / (Math.sqrt(v[i] / correction2) + eps)
    return value * (1 - lr * weightDecay) - lr * update
  })
  return { p, m, v }
}
