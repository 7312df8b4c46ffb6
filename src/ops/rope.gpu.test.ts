import { ropeBackward, ropeForward, ropeFrequencies, ropeTables } from '../reference/rope.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { rope } from './rope.ts'
import { testOp } from './testing/test-op.ts'

const cases = [
  { tokens: 1, heads: 1, headDim: 2, positions: [3] },
  { tokens: 5, heads: 3, headDim: 6, positions: [0, 1, 2, 0, 1] },
  { tokens: 7, heads: 2, headDim: 8, positions: [0, 1, 2, 3, 0, 1, 2] },
  { tokens: 4, heads: 9, headDim: 64, positions: [0, 8191, 17, 4000] },
]

for (const { tokens, heads, headDim, positions } of cases) {
  const maxPositions = Math.max(...positions) + 1
  const half = headDim / 2
  const tables = ropeTables(
    Float64Array.from({ length: maxPositions }, (_, i) => i),
    ropeFrequencies(headDim, 10000),
  )
  const size = tokens * heads * headDim
  testOp({
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
  })
}
