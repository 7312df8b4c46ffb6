import { NF4 } from '../verify/cases/linear.ts'
import { type LossShape, lmHeadLossCase } from '../verify/cases/lm-head-loss.ts'
import { testOp } from './testing/test-op.ts'

const cases: LossShape[] = [
  { rows: 1, hidden: 4, vocab: 1, chunkRows: 16 },
  { rows: 1, hidden: 8, vocab: 2, chunkRows: 1 },
  { rows: 7, hidden: 12, vocab: 255, chunkRows: 3, supervised: 2 },
  { rows: 20, hidden: 36, vocab: 1030, chunkRows: 8, storage: 'bf16', supervised: 3 },
  { rows: 5, hidden: 16, vocab: 64, chunkRows: 2, supervised: 0 },
  { rows: 6, hidden: 20, vocab: 300, chunkRows: 4, sharpness: 40 },
  { rows: 33, hidden: 24, vocab: 129, chunkRows: 32, storage: NF4 },
  // Rows in parts for the head's gradient, and a last chunk with others.
  { rows: 161, hidden: 12, vocab: 20, chunkRows: 97 },
  // More outputs than one dispatch contracts.
  { rows: 3, hidden: 8, vocab: 8200, chunkRows: 2, storage: 'f16' },
]

for (const shape of cases) for (const train of [true, false]) testOp(lmHeadLossCase(shape, train))
