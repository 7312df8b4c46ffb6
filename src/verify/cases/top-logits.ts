import { TOP_BLOCK, TOP_CANDIDATES, topBlocks, topLogits } from '../../ops/top-logits.ts'
import type { OpCase } from '../op-case.ts'

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

/** The largest logits in order, and what the softmax needs of all. */
export function topLogitsCase(name: string, logits: Float64Array): OpCase {
  return {
    name: `top logits: ${name}`,
    inputs: { logits: { shape: [1, logits.length], data: logits, activation: true } },
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
  }
}
