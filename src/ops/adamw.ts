import updateSource from '../../shaders/adamw_update.wgsl?raw'
import type { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { ELEMENTWISE_WORKGROUP, elementwiseWorkgroups, FLAT_INDEX } from './elementwise.ts'

const updateKernel: Kernel = {
  name: 'adamw_update',
  source: updateSource,
  includes: [FLAT_INDEX],
  bindings: [
    { name: 'gradients', element: 'vec4<f32>', access: 'read' },
    { name: 'norm_bits', element: 'u32', access: 'read' },
    { name: 'values', element: 'vec4<f32>', access: 'read_write' },
    { name: 'm', element: 'vec4<f32>', access: 'read_write' },
    { name: 'v', element: 'vec4<f32>', access: 'read_write' },
  ],
  params: [{ name: 'count', type: 'u32' }],
  usesStep: true,
  workgroupSize: ELEMENTWISE_WORKGROUP,
}

const adamwOperation: Operation<null> = {
  name: 'adamw',
  kernels({ inputs: { gradients, norm }, outputs: { values, m, v } }, { limits }) {
    const count = elementCount(values.shape) / 4
    return [
      {
        kernel: updateKernel,
        tensors: { gradients, norm_bits: norm, values, m, v },
        params: { count },
        workgroups: elementwiseWorkgroups(count, limits),
      },
    ]
  },
}

export interface AdamwTensors {
  values: Tensor
  gradients: Tensor
  m: Tensor
  v: Tensor
  /** f32 [1], of gradientNorm. */
  norm: Tensor
}

/**
 * One AdamW update (Loshchilov & Hutter 2019, as torch.optim.AdamW) of equally long vectors, a multiple of 4 elements;
 * learning rate, betas and clipping come from the step's parameters. Gradients are scaled by min(1, maxGradNorm / norm)
 * first; maxGradNorm 0 leaves them. A norm that is not finite leaves everything as it is.
 */
export function adamw(graph: Graph, { values, gradients, m, v, norm }: AdamwTensors): void {
  for (const tensor of [values, gradients, m, v]) {
    if (elementCount(tensor.shape) === elementCount(values.shape) && elementCount(tensor.shape) % 4 === 0)
      continue
    throw new Error(
      `${tensor.name} has ${elementCount(tensor.shape)} elements, expected ${elementCount(values.shape)}, a multiple of 4`,
    )
  }
  graph.record(adamwOperation, {
    inputs: { gradients, norm },
    outputs: { values, m, v },
    updates: ['values', 'm', 'v'],
    attributes: null,
  })
}
