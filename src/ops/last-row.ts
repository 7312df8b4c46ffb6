import copySource from '../../shaders/last-row_copy.wgsl?raw'
import type { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'
import {
  ELEMENTWISE_WORKGROUP,
  elementwiseWorkgroups,
  FLAT_INDEX,
  type ValueWidth,
  valueWidth,
} from './elementwise.ts'

const copyKernel = ({ element, suffix, include }: ValueWidth): Kernel => ({
  name: `last-row_copy.${suffix}`,
  source: copySource,
  includes: [include, FLAT_INDEX],
  bindings: [
    { name: 'x', element, access: 'read' },
    { name: 'y', element, access: 'write' },
  ],
  params: [
    { name: 'rows', type: 'u32' },
    { name: 'columns', type: 'u32' },
  ],
  usesStep: true,
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

const lastRowOperation: Operation<null> = {
  name: 'last-row',
  kernels({ inputs: { x }, outputs: { y } }, { limits }) {
    const [rows, width] = x.shape
    const value = valueWidth(width)
    const columns = width / value.width
    return [
      {
        kernel: copyKernel(value),
        tensors: { x, y },
        params: { rows, columns },
        workgroups: elementwiseWorkgroups(columns, limits),
      },
    ]
  },
}

/** The row of the last of the call's `step.tokenCount` tokens: x [N, C] → [1, C]. For generation: no gradient flows back. */
export function lastRow(graph: Graph, x: Tensor): Tensor {
  const y = graph.activation('last-row', [1, x.shape[1]])
  graph.record(lastRowOperation, { inputs: { x }, outputs: { y }, attributes: null })
  return y
}
