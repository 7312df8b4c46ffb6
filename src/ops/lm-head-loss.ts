import crossEntropySource from '../../shaders/lm-head-loss_cross_entropy.wgsl?raw'
import sumSource from '../../shaders/lm-head-loss_sum.wgsl?raw'
import { type DeviceTraits, spreadWorkgroups } from '../graph/device.ts'
import type { Graph } from '../graph/graph.ts'
import type { Kernel, KernelCall } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { StudioError } from '../util/errors.ts'
import { FLAT_INDEX } from './elementwise.ts'
import { forwardProduct, inputGradientProduct, sumParts } from './matrix-product.ts'

export interface LmHeadLossOptions {
  /** [N] i32: the token that position n must predict, −1 where not supervised. */
  targets: Tensor
  /** Rows whose logits exist at a time: scratch space is chunkRows × V f32. */
  chunkRows: number
  /** Also compute the gradient of x: of step.inverseCount · Σ losses. */
  train: boolean
  /** f32[2]: Σ losses and the number of supervised positions are added to it. */
  lossSum: Tensor
  /** The code book of a 4-bit head. */
  codebook?: Tensor
}

interface LmHeadLossAttributes {
  chunkRows: number
  train: boolean
}

const lmHeadLossOperation: Operation<LmHeadLossAttributes> = {
  name: 'lm_head_loss',
  workspace: ({ inputs: { x, headWeight }, attributes: { chunkRows } }) => ({
    logits: { shape: [Math.min(chunkRows, x.shape[0]), headWeight.shape[0]], format: 'f32' },
  }),
  kernels({ inputs, outputs, attributes }, device, { logits }) {
    const { x, headWeight, codebook, targets } = inputs
    const { tokenLoss, lossSum, dx } = outputs
    const N = x.shape[0]
    const calls: KernelCall[] = []
    const head = { weight: headWeight, codebook }
    for (let firstRow = 0; firstRow < N; firstRow += attributes.chunkRows) {
      const rows = Math.min(attributes.chunkRows, N - firstRow)
      calls.push(
        forwardProduct({ left: x, leftFirstRow: firstRow, ...head, product: logits, rows }, device),
        crossEntropy(
          { logits, targets, tokenLoss, vocab: headWeight.shape[0], rows, firstRow, train: attributes.train },
          device,
        ),
      )
      if (!dx) continue
      // The chunk's logits hold their gradient now.
      calls.push(
        ...inputGradientProduct(
          { left: logits, ...head, product: dx, productFirstRow: firstRow, rows },
          device,
        ),
      )
    }
    calls.push({
      kernel: sumKernel,
      tensors: { token_loss: tokenLoss, targets, loss_sum: lossSum },
      params: { rows: N },
      workgroups: [1, 1, 1],
    })
    return calls
  },
  backward({ inputs: { x }, outputs: { dx } }, context) {
    if (!dx || (!x.gradient && context.share(x, dx))) return
    const target = context.target(x)
    if (!target) return
    context.graph.record(addOperation, {
      inputs: { dx },
      outputs: { total: target.tensor },
      updates: target.accumulate ? ['total'] : [],
      attributes: { accumulate: target.accumulate },
    })
  },
}

/** Where x has a gradient already, the loss's share is added to it. */
const addOperation: Operation<{ accumulate: boolean }> = {
  name: 'lm_head_loss_backward',
  kernels: ({ inputs, outputs, attributes: { accumulate } }, device) => [
    sumParts(
      {
        parts: inputs.dx,
        total: outputs.total,
        count: elementCount(inputs.dx.shape),
        partCount: 1,
        accumulate,
      },
      device,
    ),
  ],
}

const crossEntropyKernel = (software: boolean): Kernel => ({
  name: `lm_head_loss_cross_entropy.${software ? 'plain' : 'wide'}`,
  source: crossEntropySource,
  includes: [FLAT_INDEX],
  bindings: [
    { name: 'logits', element: 'f32', access: 'read_write' },
    { name: 'targets', element: 'i32', access: 'read' },
    { name: 'token_loss', element: 'f32', access: 'write' },
  ],
  params: [
    { name: 'rows', type: 'u32' },
    { name: 'firstRow', type: 'u32' },
    { name: 'vocab', type: 'u32' },
    { name: 'train', type: 'u32' },
  ],
  usesStep: true,
  workgroupSize: [software ? 16 : 256, 1, 1],
})

interface CrossEntropyCall {
  logits: Tensor
  targets: Tensor
  tokenLoss: Tensor
  vocab: number
  rows: number
  firstRow: number
  train: boolean
}

const crossEntropy = (
  { logits, targets, tokenLoss, vocab, rows, firstRow, train }: CrossEntropyCall,
  { software, limits }: DeviceTraits,
): KernelCall => ({
  kernel: crossEntropyKernel(software),
  tensors: { logits, targets, token_loss: tokenLoss },
  params: { rows, firstRow, vocab, train: Number(train) },
  workgroups: spreadWorkgroups(rows, limits),
})

const sumKernel: Kernel = {
  name: 'lm_head_loss_sum',
  source: sumSource,
  bindings: [
    { name: 'token_loss', element: 'f32', access: 'read' },
    { name: 'targets', element: 'i32', access: 'read' },
    { name: 'loss_sum', element: 'f32', access: 'read_write' },
  ],
  params: [{ name: 'rows', type: 'u32' }],
  workgroupSize: [64, 1, 1],
}

/**
 * Cross-entropy of x · Wᵀ against the targets, natural logarithm, in chunks of rows: no [N, V] tensor ever exists. With
 * `train`, each chunk's logits turn into their gradient in place and give x's gradient at once (Wijmans et al. 2024,
 * "Cut Your Losses", the same idea by chunks). x [N, C], W [V, C] → per-token losses [N], 0 where not supervised.
 * The head is frozen.
 * @throws internal/head for a trainable head
 */
export function lmHeadLoss(graph: Graph, x: Tensor, headWeight: Tensor, options: LmHeadLossOptions): Tensor {
  const { targets, chunkRows, train, lossSum, codebook } = options
  if (headWeight.gradient) {
    throw new StudioError(
      'internal/head',
      `${headWeight.name} is trainable, but the loss gives no gradient to its head`,
    )
  }
  const tokenLoss = graph.activation('token_loss', [x.shape[0]])
  const dx = train && graph.activation('d(hidden)', x.shape)
  graph.record(lmHeadLossOperation, {
    inputs: { x, headWeight, targets, ...(codebook && { codebook }) },
    outputs: { tokenLoss, lossSum, ...(dx && { dx }) },
    updates: ['lossSum'],
    attributes: { chunkRows, train },
  })
  return tokenLoss
}
