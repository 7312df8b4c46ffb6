import rotateSource from '../../shaders/rope_rotate.wgsl?raw'
import type { DeviceTraits } from '../graph/device.ts'
import type { Graph } from '../graph/graph.ts'
import type { Call, Kernel } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import {
  ELEMENTWISE_WORKGROUP,
  elementwiseWorkgroups,
  FLAT_INDEX,
  type ValueWidth,
  valueWidth,
} from './elementwise.ts'

export interface RopeOptions {
  /** u32 [N]: which row of the tables a token is rotated by. */
  positions: Tensor
  /** f32 [positions, HD / 2], computed in float64 on the host. */
  cos: Tensor
  sin: Tensor
  heads: number
  headDim: number
}

interface RopeAttributes {
  heads: number
  headDim: number
}

interface RotateAttributes extends RopeAttributes {
  accumulate: boolean
}

const rotateKernel = ({ element, suffix, include }: ValueWidth): Kernel => ({
  name: `rope_rotate.${suffix}`,
  source: rotateSource,
  includes: [include, FLAT_INDEX],
  bindings: [
    { name: 'x', element, access: 'read' },
    { name: 'positions', element: 'u32', access: 'read' },
    { name: 'cos_table', element, access: 'read' },
    { name: 'sin_table', element, access: 'read' },
    { name: 'y', element, access: 'read_write' },
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'half', type: 'u32' },
    { name: 'heads', type: 'u32' },
    { name: 'direction', type: 'f32' },
    { name: 'accumulate', type: 'u32' },
  ],
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

function rotate(
  tensors: Record<'x' | 'positions' | 'cos_table' | 'sin_table' | 'y', Tensor>,
  direction: 1 | -1,
  { heads, headDim, accumulate }: RotateAttributes,
  { limits }: DeviceTraits,
): Call {
  const value = valueWidth(headDim / 2)
  const count = elementCount(tensors.x.shape) / 2 / value.width
  return {
    kernel: rotateKernel(value),
    tensors,
    params: { count, half: headDim / 2 / value.width, heads, direction, accumulate: Number(accumulate) },
    workgroups: elementwiseWorkgroups(count, limits),
  }
}

const ropeBackwardOperation: Operation<RotateAttributes> = {
  name: 'rope_backward',
  kernels({ inputs: { dy, positions, cos, sin }, outputs: { dx }, attributes }, device) {
    return [rotate({ x: dy, positions, cos_table: cos, sin_table: sin, y: dx }, -1, attributes, device)]
  },
}

const ropeOperation: Operation<RopeAttributes> = {
  name: 'rope',
  kernels({ inputs: { x, positions, cos, sin }, outputs: { y }, attributes }, device) {
    return [
      rotate(
        { x, positions, cos_table: cos, sin_table: sin, y },
        1,
        { ...attributes, accumulate: false },
        device,
      ),
    ]
  },
  backward({ inputs: { x, positions, cos, sin }, outputs, attributes }, context) {
    const dy = context.gradient(outputs.y)
    const target = dy && context.target(x)
    if (!target) return
    context.graph.record(ropeBackwardOperation, {
      inputs: { dy, positions, cos, sin },
      outputs: { dx: target.tensor },
      updates: target.accumulate ? ['dx'] : [],
      attributes: { ...attributes, accumulate: target.accumulate },
    })
  },
}

/**
 * Rotates the pairs (i, i + HD/2) of every head by an angle that grows with the position (Su et al. 2021), the
 * half-split layout of the Hugging Face Llama weights. x [N, heads · HD] → [N, heads · HD].
 */
export function rope(graph: Graph, x: Tensor, { positions, cos, sin, heads, headDim }: RopeOptions): Tensor {
  if (headDim % 2 !== 0) throw new Error(`rotary embedding needs an even head dimension, got ${headDim}`)
  const y = graph.activation('rope', x.shape)
  graph.record(ropeOperation, {
    inputs: { x, positions, cos, sin },
    outputs: { y },
    attributes: { heads, headDim },
  })
  return y
}
