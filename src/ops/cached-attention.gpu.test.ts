import { type CachedShape, cachedAttentionCase } from '../verify/cases/cached-attention.ts'
import { testOp } from './testing/test-op.ts'

const cases: [name: string, shape: CachedShape][] = [
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

for (const [name, shape] of cases) testOp(cachedAttentionCase(name, shape))
