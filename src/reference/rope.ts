import type { Values } from './array.ts'
import { expectLength } from './array.ts'

/** Frequency scaling of Llama 3.1 and later (`rope_type: "llama3"`). */
export interface Llama3RopeScaling {
  factor: number
  lowFreqFactor: number
  highFreqFactor: number
  originalMaxPositionEmbeddings: number
}

export interface RopeTables {
  /** [positions, HD / 2] */
  cos: Float64Array
  /** [positions, HD / 2] */
  sin: Float64Array
}

/**
 * Angular frequencies [HD / 2]: theta^(−2i/HD) (Su et al. 2021), with Llama 3's smooth interpolation between the kept
 * short wavelengths and the long ones divided by `factor` where `scaling` is given
 * (transformers' `_compute_llama3_parameters`, here in float64).
 */
export function ropeFrequencies(headDim: number, theta: number, scaling?: Llama3RopeScaling): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, i) => {
    const frequency = theta ** ((-2 * i) / headDim)
    return scaling ? scaleFrequency(frequency, scaling) : frequency
  })
}

function scaleFrequency(frequency: number, scaling: Llama3RopeScaling): number {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositionEmbeddings } = scaling
  const turns = (originalMaxPositionEmbeddings * frequency) / (2 * Math.PI)
  if (turns < lowFreqFactor) return frequency / factor
  if (turns > highFreqFactor) return frequency
  const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor)
  return ((1 - smooth) * frequency) / factor + smooth * frequency
}

/** cos and sin of position · frequency, one row a position. Give 0, 1, …, max − 1 for a table to index by position. */
export function ropeTables(positions: Values, frequencies: Values): RopeTables {
  const half = frequencies.length
  const angle = (i: number) => positions[Math.floor(i / half)] * frequencies[i % half]
  const cos = Float64Array.from({ length: positions.length * half }, (_, i) => Math.cos(angle(i)))
  const sin = Float64Array.from({ length: positions.length * half }, (_, i) => Math.sin(angle(i)))
  return { cos, sin }
}

/**
 * Rotates the pairs (i, i + HD/2) of every head, the half-split layout of the Hugging Face Llama weights.
 * x [N, heads · HD]; tables with one row a token [N, HD / 2] → [N, heads · HD].
 */
export function ropeForward(x: Values, tables: RopeTables, heads: number, headDim: number): Float64Array {
  return rotate(x, tables, heads, headDim, 1)
}

/** The inverse rotation: dx of {@link ropeForward}. */
export function ropeBackward(dy: Values, tables: RopeTables, heads: number, headDim: number): Float64Array {
  return rotate(dy, tables, heads, headDim, -1)
}

function rotate(
  x: Values,
  tables: RopeTables,
  heads: number,
  headDim: number,
  direction: 1 | -1,
): Float64Array {
  const half = headDim / 2
  const N = tables.cos.length / half
  expectLength('rotary input', x, N * heads * headDim)
  const y = new Float64Array(x.length)
  for (let n = 0; n < N; n++) {
    for (let head = 0; head < heads; head++) {
      const start = (n * heads + head) * headDim
      for (let i = 0; i < half; i++) {
        const cos = tables.cos[n * half + i]
        const sin = direction * tables.sin[n * half + i]
        const first = x[start + i]
        const second = x[start + half + i]
        y[start + i] = first * cos - second * sin
        y[start + half + i] = second * cos + first * sin
      }
    }
  }
  return y
}
