import { attention } from '../../ops/attention.ts'
import { attentionBackward, attentionForward } from '../../reference/attention.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../op-case.ts'

export interface Shape {
  batchSize: number
  sequenceLength: number
  heads: number
  kvHeads: number
  headDim: number
}

/** Documents of the given lengths, one after the other, over and over. */
export const packed = (tokens: number, ...lengths: number[]) => {
  const ids: number[] = []
  for (let id = 1; ids.length < tokens; id++)
    ids.push(...new Array(lengths[(id - 1) % lengths.length]).fill(id))
  return ids.slice(0, tokens)
}

/** Workgroup memory for the smallest tiles that hold more than one row and more than one vec4 a lane. */
const smallTiles = (headDim: number) => ({ maxComputeWorkgroupStorageSize: Math.max(2048, 64 * headDim) })

interface CaseOptions {
  segmentIds?: number[]
  /** Which of q, k and v train. */
  trained?: string
  /** Largest magnitude of q and k. */
  range?: number
  limits?: OpCase['limits']
}

export function attentionCase(
  name: string,
  shape: Shape,
  { segmentIds, trained = 'qkv', range = 2, limits = smallTiles(shape.headDim) }: CaseOptions = {},
): OpCase {
  const { batchSize, sequenceLength, heads, kvHeads, headDim } = shape
  const N = batchSize * sequenceLength
  const scale = 1 / Math.sqrt(headDim)
  const segments = segmentIds ?? new Array(N).fill(0)
  const input = (letter: string, ofHeads: number, seed: number, largest: number) => ({
    shape: [N, ofHeads * headDim],
    data: uniformValues(N * ofHeads * headDim, seed, -largest, largest),
    gradient: trained.includes(letter) ? ('activation' as const) : undefined,
  })
  return {
    name: `attention ${name}`,
    inputs: {
      q: input('q', heads, 1, range),
      k: input('k', kvHeads, 2, range),
      v: input('v', kvHeads, 3, 1),
      segments: { shape: [N], data: segments, format: 'u32' },
    },
    limits,
    build: (graph, { q, k, v, segments }) => ({
      o: attention(graph, q, k, v, { segments, ...shape, scale }),
    }),
    reference({ q, k, v, segments: segmentIds }, gradients) {
      const { o, lse } = attentionForward(q, k, v, { ...shape, segmentIds })
      const { dq, dk, dv } = attentionBackward(gradients.o, q, k, v, o, lse, { ...shape, segmentIds })
      return { outputs: { o }, gradients: { q: dq, k: dk, v: dv } }
    },
  }
}

export const shape = (
  batchSize: number,
  sequenceLength: number,
  heads: number,
  kvHeads: number,
  headDim: number,
): Shape => ({
  batchSize,
  sequenceLength,
  heads,
  kvHeads,
  headDim,
})
