import { uniformValues } from '../reference/uniform-values.ts'
import { testOp } from './testing/test-op.ts'
import { TOP_BLOCK, TOP_CANDIDATES, topBlocks, topLogits } from './top-logits.ts'

const INVERSE_TEMPERATURE = 1.25

const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]

/** Largest first, ties by token; places without a token hold the least order there is. */
function expectedCandidates(logits: Float64Array): Float64Array {
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b).slice(0, TOP_CANDIDATES)
  const rows = new Float64Array(TOP_CANDIDATES * 2)
  for (let i = 0; i < TOP_CANDIDATES; i++) {
    const token = order[i]
    rows[i * 2] = token ?? 0xffffffff
    rows[i * 2 + 1] = token === undefined ? 0xffffffff : bits(logits[token])
  }
  return rows
}

function expectedSums(logits: Float64Array): Float64Array {
  const sums: number[] = []
  for (let first = 0; first < logits.length; first += TOP_BLOCK) {
    const block = logits.subarray(first, first + TOP_BLOCK)
    const largest = Math.max(...block)
    sums.push(largest, 0, 0)
    for (const logit of block) {
      sums[sums.length - 2] += Math.exp(logit - largest)
      sums[sums.length - 1] += Math.exp((logit - largest) * INVERSE_TEMPERATURE)
    }
  }
  return Float64Array.from(sums)
}

const cases: [name: string, logits: Float64Array][] = [
  ['a single token', Float64Array.of(-3)],
  ['fewer than are asked for', uniformValues(50, 1, -5, 5)],
  ['a block less one', uniformValues(1023, 2, -5, 5)],
  ['a block and one', uniformValues(1025, 3, -5, 5)],
  ['two rounds (studio-tiny)', uniformValues(4096, 4, -20, 5)],
  ['three rounds (SmolLM2)', uniformValues(49152, 5, -20, 20)],
  ['many ties, over blocks', uniformValues(3000, 6, 0, 9).map(Math.round)],
  ['all below zero and rising', Float64Array.from({ length: 2500 }, (_, i) => i - 3000)],
]

for (const [name, logits] of cases) {
  testOp({
    name: `top logits: ${name}`,
    inputs: { logits: { shape: [1, logits.length], data: logits } },
    step: { inverseTemperature: INVERSE_TEMPERATURE },
    build(graph, { logits: row }) {
      const into = {
        candidates: graph.activation('candidates', [TOP_CANDIDATES, 2], 'u32'),
        sums: graph.activation('sums', [topBlocks(logits.length), 3]),
      }
      topLogits(graph, row, into)
      return into
    },
    reference: ({ logits: row }) => ({
      outputs: { candidates: expectedCandidates(row), sums: expectedSums(row) },
    }),
    // WGSL's exp errs by a few ulp, on many equal logits every time in the same direction.
    tolerance: { sums: 1e-10 },
  })
}
