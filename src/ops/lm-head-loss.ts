import crossEntropySource from '../../shaders/lm-head-loss_cross_entropy.wgsl?raw'
import sumSource from '../../shaders/lm-head-loss_sum.wgsl?raw'
import { type DeviceTraits, spreadWorkgroups } from '../graph/device.ts'
import type { Graph } from '../graph/graph.ts'
import type { Kernel, KernelCall } from '../graph/kernel.ts'
import type { Operation, WorkspaceRequest } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { FLAT_INDEX } from './elementwise.ts'
import { forwardProduct, inputGradientProduct } from './matrix-product.ts'
import { sumParts } from './sum-parts.ts'
import { weightGradientProduct, weightGradientWorkspace } from './weight-gradient.ts'

export interface LmHeadLossOptions {
  /** [N] i32: the token that position n must predict, −1 where not supervised. */
  targets: Tensor
  /** Rows whose logits exist at a time: scratch space is chunkRows × V f32. */
  chunkRows: number
  /** Also compute the gradients of step.inverseCount · Σ losses: of x, and of a head that is trainable (f32). */
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
  workspace({ inputs: { x, headWeight }, outputs: { dW }, attributes: { chunkRows } }, device) {
    const chunks = chunksOf(x, chunkRows)
    // A shorter last chunk may be cut into more parts than the others.
    const parts =
      dW && mostElements(chunks.map(({ rows }) => weightGradientWorkspace(rows, dW.shape, device)))
    return {
      logits: { shape: [chunks[0].rows, headWeight.shape[0]], format: 'f32' },
      ...(parts && { parts }),
    }
  },
  kernels({ inputs, outputs, attributes }, device, { logits, parts }) {
    const { x, headWeight, codebook, targets } = inputs
    const { tokenLoss, lossSum, dx, dW } = outputs
    const N = x.shape[0]
    const calls: KernelCall[] = []
    const head = { weight: headWeight, codebook }
    for (const { firstRow, rows } of chunksOf(x, attributes.chunkRows)) {
      calls.push(
        forwardProduct({ left: x, leftFirstRow: firstRow, ...head, product: logits, rows }, device),
        crossEntropy(
          { logits, targets, tokenLoss, vocab: headWeight.shape[0], rows, firstRow, train: attributes.train },
          device,
        ),
      )
      // In training the chunk's logits hold their gradient now.
      if (dW) {
        const product = {
          left: x,
          leftFirstRow: firstRow,
          gradient: logits,
          product: dW,
          rows,
          accumulate: true,
        }
        calls.push(...weightGradientProduct(product, parts, device))
      }
      if (dx) {
        const product = { left: logits, ...head, product: dx, productFirstRow: firstRow, rows }
        calls.push(...inputGradientProduct(product, device))
      }
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

/** The rows of x [N, C], so many at a time. */
function chunksOf(x: Tensor, chunkRows: number): { firstRow: number; rows: number }[] {
  const N = x.shape[0]
  return Array.from({ length: Math.ceil(N / chunkRows) }, (_, index) => {
    const firstRow = index * chunkRows
    return { firstRow, rows: Math.min(chunkRows, N - firstRow) }
  })
}

function mostElements(requests: readonly (WorkspaceRequest | undefined)[]): WorkspaceRequest | undefined {
  const elements = (request?: WorkspaceRequest) => (request ? elementCount(request.shape) : 0)
  return requests.reduce((most, request) => (elements(request) > elements(most) ? request : most), undefined)
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
 * `train`, each chunk's logits turn into their gradient in place and give x's gradient at once, and add their share to
 * that of a trainable head (Wijmans et al. 2024, "Cut Your Losses", the same idea by chunks). x [N, C], W [V, C] →
 * per-token losses [N], 0 where not supervised.
 */
export function lmHeadLoss(graph: Graph, x: Tensor, headWeight: Tensor, options: LmHeadLossOptions): Tensor {
  const { targets, chunkRows, train, lossSum, codebook } = options
  const tokenLoss = graph.activation('token_loss', [x.shape[0]])
  const dx = train && graph.activation('d(hidden)', x.shape)
  const dW = train && headWeight.gradient
  graph.record(lmHeadLossOperation, {
    inputs: { x, headWeight, targets, ...(codebook && { codebook }) },
    outputs: { tokenLoss, lossSum, ...(dx && { dx }), ...(dW && { dW }) },
    updates: ['lossSum', ...(dW ? ['dW'] : [])],
    attributes: { chunkRows, train },
  })
  return tokenLoss
}
