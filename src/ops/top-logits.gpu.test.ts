import { uniformValues } from '../reference/uniform-values.ts'
import { topLogitsCase } from '../verify/cases/top-logits.ts'
import { testOp } from './testing/test-op.ts'

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

for (const [name, logits] of cases) testOp(topLogitsCase(name, logits))
