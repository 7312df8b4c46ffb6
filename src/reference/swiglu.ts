import type { Values } from './array.ts'
import { expectLength } from './array.ts'

/** a = silu(gate) · up, elementwise, silu(z) = z / (1 + e^−z) (Shazeer 2020, the gated MLP of Llama). */
export function swigluForward(gate: Values, up: Values): Float64Array {
  expectLength('up', up, gate.length)
  return Float64Array.from(gate, (z, i) => z * sigmoid(z) * up[i])
}

/** dup = da · silu(gate); dgate = da · up · σ(gate) · (1 + gate · (1 − σ(gate))). */
export function swigluBackward(
  da: Values,
  gate: Values,
  up: Values,
): { dgate: Float64Array; dup: Float64Array } {
  expectLength('up', up, gate.length)
  expectLength('da', da, gate.length)
  const dgate = Float64Array.from(gate, (z, i) => {
    const s = sigmoid(z)
    return da[i] * up[i] * s * (1 + z * (1 - s))
  })
  const dup = Float64Array.from(gate, (z, i) => da[i] * z * sigmoid(z))
  return { dgate, dup }
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z))
