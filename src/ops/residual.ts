import backwardSource from '../../shaders/residual_backward.wgsl?raw'
import forwardSource from '../../shaders/residual_forward.wgsl?raw'
import type { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import {
  ELEMENTWISE_WORKGROUP,
  elementwiseWorkgroups,
  FLAT_INDEX,
  type ValueWidth,
  valueWidth,
} from './elementwise.ts'

const forwardKernel = ({ element, suffix, include }: ValueWidth): Kernel => ({
  name: `residual_forward.${suffix}`,
  source: forwardSource,
  includes: [include, FLAT_INDEX],
  bindings: [
    { name: 'x', element, access: 'read' },
    { name: 'branch', element, access: 'read' },
    { name: 'y', element, access: 'write' },
  ],
  params: [{ name: 'count', type: 'u32' }],
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

const backwardKernel = ({ element, suffix, include }: ValueWidth): Kernel => ({
  name: `residual_backward.${suffix}`,
  source: backwardSource,
  includes: [include, FLAT_INDEX],
  bindings: [
    { name: 'dy', element, access: 'read' },
    { name: 'dx', element, access: 'read_write' },
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'accumulate', type: 'u32' },
  ],
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

/** dx = dy or dx += dy: only where the gradient cannot be shared. */
const residualBackwardOperation: Operation<{ accumulate: boolean }> = {
  name: 'residual_backward',
  kernels({ inputs, outputs, attributes }, { limits }) {
    const value = valueWidth(elementCount(inputs.dy.shape))
    const count = elementCount(inputs.dy.shape) / value.width
    return [
      {
        kernel: backwardKernel(value),
        tensors: { dy: inputs.dy, dx: outputs.dx },
        params: { count, accumulate: Number(attributes.accumulate) },
        workgroups: elementwiseWorkgroups(count, limits),
      },
    ]
  },
}

const residualOperation: Operation<null> = {
  name: 'residual',
  kernels({ inputs, outputs }, { limits }) {
    const value = valueWidth(elementCount(outputs.y.shape))
    const count = elementCount(outputs.y.shape) / value.width
    return [
      {
        kernel: forwardKernel(value),
        tensors: { x: inputs.x, branch: inputs.branch, y: outputs.y },
        params: { count },
        workgroups: elementwiseWorkgroups(count, limits),
      },
    ]
  },
  backward({ inputs, outputs }, context) {
    const dy = context.gradient(outputs.y)
    if (!dy) return
    // A parameter has a gradient of its own, which cannot become another's memory.
    for (const input of [inputs.x, inputs.branch]) {
      if (!input.gradient && context.share(input, dy)) continue
      const target = context.target(input)
      if (!target) continue
      context.graph.record(residualBackwardOperation, {
        inputs: { dy },
        outputs: { dx: target.tensor },
        updates: target.accumulate ? ['dx'] : [],
        attributes: { accumulate: target.accumulate },
      })
    }
  },
}

/** y = x + branch, elementwise: the residual stream and what a sublayer adds to it. Both get dy itself as their gradient. */
export function residual(graph: Graph, x: Tensor, branch: Tensor): Tensor {
  const y = graph.activation('residual', x.shape)
  graph.record(residualOperation, { inputs: { x, branch }, outputs: { y }, attributes: null })
  return y
}
