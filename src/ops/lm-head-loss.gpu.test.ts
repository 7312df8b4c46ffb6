import { lmHeadLossBackward, lmHeadLossForward } from '../reference/lm-head-loss.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { hash32 } from '../util/random.ts'
import { storageName, type WeightStorage, weightInput } from '../verify/weight-input.ts'
import { lmHeadLoss } from './lm-head-loss.ts'
import { testOp } from './testing/test-op.ts'

interface LossCase {
  rows: number
  hidden: number
  vocab: number
  chunkRows: number
  storage?: WeightStorage
  /** Every how manieth position is supervised; 0: none. */
  supervised?: number
  /** Factor on the hidden states: how peaked the distributions are. */
  sharpness?: number
}

const nf4 = { type: 'nf4', blockSize: 64, doubleQuant: true } as const

const cases: LossCase[] = [
  { rows: 1, hidden: 4, vocab: 1, chunkRows: 16 },
  { rows: 1, hidden: 8, vocab: 2, chunkRows: 1 },
  { rows: 7, hidden: 12, vocab: 255, chunkRows: 3, supervised: 2 },
  { rows: 20, hidden: 36, vocab: 1030, chunkRows: 8, storage: 'bf16', supervised: 3 },
  { rows: 5, hidden: 16, vocab: 64, chunkRows: 2, supervised: 0 },
  { rows: 6, hidden: 20, vocab: 300, chunkRows: 4, sharpness: 40 },
  { rows: 33, hidden: 24, vocab: 129, chunkRows: 32, storage: nf4 },
  // More outputs than one dispatch contracts.
  { rows: 3, hidden: 8, vocab: 8200, chunkRows: 2, storage: 'f16' },
]

const inverseCount = Math.fround(1 / 37)

for (const { rows, hidden, vocab, chunkRows, storage = 'f32', supervised = 1, sharpness = 1 } of cases) {
  const shape = { hiddenSize: hidden, vocabSize: vocab }
  const targets = Int32Array.from({ length: rows }, (_, n) =>
    supervised > 0 && n % supervised === 0 ? hash32(n) % vocab : -1,
  )
  const { inputs, decoded } = weightInput(uniformValues(vocab * hidden, 2), [vocab, hidden], storage)
  for (const train of [true, false]) {
    testOp({
      name: `loss of ${rows} × ${hidden} over ${vocab} ${storageName(storage)} in chunks of ${chunkRows}, 1/${supervised} supervised, ${train ? 'train' : 'evaluate'}`,
      inputs: {
        x: {
          shape: [rows, hidden],
          data: uniformValues(rows * hidden, 1, -sharpness, sharpness),
          ...(train && { gradient: 'activation' as const }),
        },
        ...inputs,
        targets: { shape: [rows], data: targets, format: 'i32' },
        lossSum: { shape: [2], data: [1.5, 4] },
      },
      step: { inverseCount },
      gradientsAt: [],
      build(graph, { x, weight, codebook, targets, lossSum }) {
        const tokenLoss = lmHeadLoss(graph, x, weight, { targets, chunkRows, train, lossSum, codebook })
        return { tokenLoss, lossSum }
      },
      reference(values) {
        const W = decoded ?? values.weight
        const { losses, lse, lossSum, count } = lmHeadLossForward(values.x, W, targets, shape)
        const { dx } = lmHeadLossBackward(values.x, W, targets, lse, shape, inverseCount)
        return {
          outputs: { tokenLoss: losses, lossSum: [1.5 + lossSum, 4 + count] },
          ...(train && { gradients: { x: dx } }),
        }
      },
    })
  }
}
