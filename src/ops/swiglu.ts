import backwardSource from '../../shaders/swiglu_backward.wgsl?raw'
import forwardSource from '../../shaders/swiglu_forward.wgsl?raw'
import type { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import type { Operation, WorkspaceRequest } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import {
  ELEMENTWISE_WORKGROUP,
  elementwiseWorkgroups,
  FLAT_INDEX,
  type ValueWidth,
  valueWidth,
} from './elementwise.ts'
import { gradientOutputs } from './gradient-outputs.ts'

const forwardKernel = ({ element, suffix, include }: ValueWidth): Kernel => ({
  name: `swiglu_forward.${suffix}`,
  source: forwardSource,
  includes: [include, FLAT_INDEX],
  bindings: [
    { name: 'gate', element, access: 'read' },
    { name: 'up', element, access: 'read' },
    { name: 'a', element, access: 'write' },
  ],
  params: [{ name: 'count', type: 'u32' }],
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

const backwardKernel = ({ element, suffix, include }: ValueWidth): Kernel => ({
  name: `swiglu_backward.${suffix}`,
  source: backwardSource,
  includes: [include, FLAT_INDEX],
  bindings: [
    { name: 'da', element, access: 'read' },
    { name: 'gate', element, access: 'read' },
    { name: 'up', element, access: 'read' },
    { name: 'dgate', element, access: 'read_write' },
    { name: 'dup', element, access: 'read_write' },
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'accumulateGate', type: 'u32' },
    { name: 'accumulateUp', type: 'u32' },
  ],
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

interface BackwardAttributes {
  accumulateGate: boolean
  accumulateUp: boolean
}

const swigluBackwardOperation: Operation<BackwardAttributes> = {
  name: 'swiglu_backward',
  // The kernel writes both gradients; one that nobody wants goes to scratch space.
  workspace: ({ inputs, outputs }): Record<string, WorkspaceRequest> =>
    outputs.dgate && outputs.dup ? {} : { unwanted: { shape: inputs.da.shape, format: 'f32' } },
  kernels({ inputs, outputs, attributes }, { limits }, { unwanted }) {
    const value = valueWidth(elementCount(inputs.da.shape))
    const count = elementCount(inputs.da.shape) / value.width
    return [
      {
        kernel: backwardKernel(value),
        tensors: { ...inputs, dgate: outputs.dgate ?? unwanted, dup: outputs.dup ?? unwanted },
        params: {
          count,
          accumulateGate: Number(attributes.accumulateGate),
          accumulateUp: Number(attributes.accumulateUp),
        },
        workgroups: elementwiseWorkgroups(count, limits),
      },
    ]
  },
}

const swigluOperation: Operation<null> = {
  name: 'swiglu',
  kernels({ inputs, outputs }, { limits }) {
    const value = valueWidth(elementCount(outputs.a.shape))
    const count = elementCount(outputs.a.shape) / value.width
    return [
      {
        kernel: forwardKernel(value),
        tensors: { gate: inputs.gate, up: inputs.up, a: outputs.a },
        params: { count },
        workgroups: elementwiseWorkgroups(count, limits),
      },
    ]
  },
  backward({ inputs: { gate, up }, outputs }, context) {
    const da = context.gradient(outputs.a)
    if (!da) return
    const targets = gradientOutputs({ dgate: context.target(gate), dup: context.target(up) })
    if (!targets) return
    context.graph.record(swigluBackwardOperation, {
      inputs: { da, gate, up },
      outputs: targets.outputs,
      updates: targets.updates,
      attributes: {
        accumulateGate: targets.updates.includes('dgate'),
        accumulateUp: targets.updates.includes('dup'),
      },
    })
  },
}

/** a = silu(gate) · up, elementwise, silu(z) = z / (1 + e^−z) (Shazeer 2020, the gated MLP of Llama). [N, I] each. */
export function swiglu(graph: Graph, gate: Tensor, up: Tensor): Tensor {
  const a = graph.activation('swiglu', gate.shape)
  graph.record(swigluOperation, { inputs: { gate, up }, outputs: { a }, attributes: null })
  return a
}
