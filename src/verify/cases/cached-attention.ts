import { cachedAttention } from '../../ops/cached-attention.ts'
import { attentionForward } from '../../reference/attention.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../op-case.ts'

export interface CachedShape {
  /** Rows of q, of which the first `count` are real. */
  tokens: number
  count: number
  /** Tokens in the cache before. */
  length: number
  capacity: number
  heads: number
  kvHeads: number
  headDim: number
  range?: number
}

/** New rows written behind the cache, and attention over all of it. */
export function cachedAttentionCase(
  name: string,
  { tokens, count, length, capacity, heads, kvHeads, headDim, range = 2 }: CachedShape,
): OpCase {
  const width = kvHeads * headDim
  const random = (rows: number, columns: number, seed: number, largest: number) => ({
    shape: [rows, columns],
    data: uniformValues(rows * columns, seed, -largest, largest),
  })
  /** What the cache holds afterwards: the new rows stand behind the old ones, the rest is as it was. */
  const appended = (cache: Float64Array, rows: Float64Array) => {
    const after = cache.slice()
    after.set(rows.subarray(0, count * width), length * width)
    return after
  }
  return {
    name: `cached attention: ${name}`,
    inputs: {
      q: { ...random(tokens, heads * headDim, 1, range), activation: true },
      k: { ...random(tokens, width, 2, range), activation: true },
      v: { ...random(tokens, width, 3, 1), activation: true },
      keys: random(capacity, width, 4, range),
      values: random(capacity, width, 5, 1),
    },
    step: { cacheLength: length, tokenCount: count },
    build(graph, { q, k, v, keys, values }) {
      const o = cachedAttention(graph, q, k, v, {
        cache: { keys, values },
        heads,
        kvHeads,
        headDim,
        scale: headDim ** -0.5,
      })
      return { o, keys, values }
    },
    reference({ q, k, v, keys, values }) {
      const keysAfter = appended(keys, k)
      const valuesAfter = appended(values, v)
      // As the last rows of an ordinary causal attention; padding rows see what the last token sees.
      const total = length + count
      const rowLength = heads * headDim
      const o = new Float64Array(tokens * rowLength)
      for (let n = 0; n < tokens; n++) {
        const seen = Math.min(length + n + 1, total)
        const queries = new Float64Array(seen * rowLength)
        queries.set(q.subarray(n * rowLength, (n + 1) * rowLength), (seen - 1) * rowLength)
        const whole = attentionForward(
          queries,
          keysAfter.subarray(0, seen * width),
          valuesAfter.subarray(0, seen * width),
          {
            batchSize: 1,
            sequenceLength: seen,
            heads,
            kvHeads,
            headDim,
          },
        )
        o.set(whole.o.subarray((seen - 1) * rowLength), n * rowLength)
      }
      return { outputs: { o, keys: keysAfter, values: valuesAfter } }
    },
  }
}
