import { rope } from '../../ops/rope.ts'
import { ropeBackward, ropeForward, ropeFrequencies, ropeTables } from '../../reference/rope.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../op-case.ts'

export interface RopeShape {
  tokens: number
  heads: number
  headDim: number
  positions: readonly number[]
}

/** Heads turned by the angles of their positions, and back. */
export function ropeCase({ tokens, heads, headDim, positions }: RopeShape): OpCase {
  const maxPositions = Math.max(...positions) + 1
  const half = headDim / 2
  const tables = ropeTables(
    Float64Array.from({ length: maxPositions }, (_, i) => i),
    ropeFrequencies(headDim, 10000),
  )
  const size = tokens * heads * headDim
  return {
    name: `rope ${tokens} tokens, ${heads} heads of ${headDim}`,
    inputs: {
      x: { shape: [tokens, heads * headDim], data: uniformValues(size, 1), gradient: 'activation' },
      positions: { shape: [tokens], data: positions, format: 'u32' },
      cos: { shape: [maxPositions, half], data: tables.cos },
      sin: { shape: [maxPositions, half], data: tables.sin },
    },
    build: (graph, { x, positions, cos, sin }) => ({
      y: rope(graph, x, { positions, cos, sin, heads, headDim }),
    }),
    reference({ x, positions, cos, sin }, gradients) {
      const rows = (table: Float64Array) =>
        Float64Array.from(
          { length: tokens * half },
          (_, i) => table[positions[Math.floor(i / half)] * half + (i % half)],
        )
      const perToken = { cos: rows(cos), sin: rows(sin) }
      return {
        outputs: { y: ropeForward(x, perToken, heads, headDim) },
        gradients: { x: ropeBackward(gradients.y, perToken, heads, headDim) },
      }
    },
  }
}
