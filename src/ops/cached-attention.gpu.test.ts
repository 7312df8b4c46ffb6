import { attentionForward } from '../reference/attention.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { cachedAttention } from './cached-attention.ts'
import { testOp } from './testing/test-op.ts'

interface Case {
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

const cases: [name: string, shape: Case][] = [
  ['the first token', { tokens: 1, count: 1, length: 0, capacity: 4, heads: 1, kvHeads: 1, headDim: 4 }],
  ['one token after 63', { tokens: 1, count: 1, length: 63, capacity: 64, heads: 3, kvHeads: 1, headDim: 8 }],
  [
    'one token after 64',
    { tokens: 1, count: 1, length: 64, capacity: 70, heads: 6, kvHeads: 2, headDim: 32 },
  ],
  [
    'one token after 200, heads of 64 (SmolLM2)',
    { tokens: 1, count: 1, length: 200, capacity: 256, heads: 9, kvHeads: 3, headDim: 64 },
  ],
  [
    'heads of 20, which no power of two divides',
    { tokens: 1, count: 1, length: 67, capacity: 80, heads: 2, kvHeads: 2, headDim: 20 },
  ],
  ['heads of 128', { tokens: 1, count: 1, length: 70, capacity: 80, heads: 2, kvHeads: 1, headDim: 128 }],
  ['heads of 256', { tokens: 2, count: 2, length: 65, capacity: 80, heads: 1, kvHeads: 1, headDim: 256 }],
  [
    'a chunk from the start',
    { tokens: 16, count: 16, length: 0, capacity: 20, heads: 4, kvHeads: 2, headDim: 16 },
  ],
  [
    'a chunk behind others, padded',
    { tokens: 16, count: 11, length: 57, capacity: 90, heads: 2, kvHeads: 1, headDim: 32 },
  ],
  [
    'a padded chunk that ends with the cache',
    { tokens: 8, count: 3, length: 5, capacity: 8, heads: 2, kvHeads: 1, headDim: 8 },
  ],
  [
    'scores far from zero',
    { tokens: 1, count: 1, length: 90, capacity: 100, heads: 1, kvHeads: 1, headDim: 64, range: 12 },
  ],
]

for (const [name, { tokens, count, length, capacity, heads, kvHeads, headDim, range = 2 }] of cases) {
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
  testOp({
    name: `cached attention: ${name}`,
    inputs: {
      q: random(tokens, heads * headDim, 1, range),
      k: random(tokens, width, 2, range),
      v: random(tokens, width, 3, 1),
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
  })
}
