import { lmHeadLoss } from '../../ops/lm-head-loss.ts'
import { lmHeadLossBackward, lmHeadLossForward } from '../../reference/lm-head-loss.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import { hash32 } from '../../util/random.ts'
import type { OpCase } from '../op-case.ts'
import { storageName, type WeightStorage, weightInput } from '../weight-input.ts'

export interface LossShape {
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

const inverseCount = Math.fround(1 / 37)

/** LM head and cross-entropy in chunks; in training also the gradients of the hidden states and of a head in f32. */
export function lmHeadLossCase(
  { rows, hidden, vocab, chunkRows, storage = 'f32', supervised = 1, sharpness = 1 }: LossShape,
  train: boolean,
): OpCase {
  const shape = { hiddenSize: hidden, vocabSize: vocab }
  const targets = Int32Array.from({ length: rows }, (_, n) =>
    supervised > 0 && n % supervised === 0 ? hash32(n) % vocab : -1,
  )
  const { inputs, decoded } = weightInput(uniformValues(vocab * hidden, 2), [vocab, hidden], storage)
  const trainsHead = train && storage === 'f32'
  return {
    name: `loss of ${rows} × ${hidden} over ${vocab} ${storageName(storage)} in chunks of ${chunkRows}, 1/${supervised} supervised, ${train ? 'train' : 'evaluate'}`,
    inputs: {
      x: {
        shape: [rows, hidden],
        data: uniformValues(rows * hidden, 1, -sharpness, sharpness),
        activation: true,
        ...(train && { gradient: 'activation' as const }),
      },
      ...inputs,
      ...(trainsHead && { weight: { ...inputs.weight, gradient: 'parameter' as const } }),
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
      const { dx, dW } = lmHeadLossBackward(values.x, W, targets, lse, shape, inverseCount)
      return {
        outputs: { tokenLoss: losses, lossSum: [1.5 + lossSum, 4 + count] },
        ...(train && { gradients: { x: dx, ...(trainsHead && { weight: dW }) } }),
      }
    },
  }
}
