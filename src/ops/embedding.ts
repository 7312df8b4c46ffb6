import backwardSource from '../../shaders/embedding_backward.wgsl?raw'
import forwardSource from '../../shaders/embedding_forward.wgsl?raw'
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
import type { WeightSource } from './weight-source.ts'
import { weightValues } from './weight-values.ts'

const forwardKernel = (source: WeightSource, { element }: ValueWidth): Kernel => ({
  name: `embedding_forward.${source.name}`,
  source: forwardSource,
  includes: [...source.includes, FLAT_INDEX],
  bindings: [
    { name: 'ids', element: 'u32', access: 'read' },
    ...source.bindings,
    { name: 'x', element, access: 'write' },
  ],
  params: [{ name: 'count', type: 'u32' }, { name: 'columns', type: 'u32' }, ...source.params],
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

const backwardKernel = ({ element, suffix, include }: ValueWidth): Kernel => ({
  name: `embedding_backward.${suffix}`,
  source: backwardSource,
  includes: [include, FLAT_INDEX],
  bindings: [
    { name: 'ids', element: 'u32', access: 'read' },
    { name: 'sorted', element: 'u32', access: 'read' },
    { name: 'dx', element, access: 'read' },
    { name: 'dtable', element, access: 'read_write' },
  ],
  params: [
    { name: 'tokens', type: 'u32' },
    { name: 'columns', type: 'u32' },
  ],
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

const embeddingBackwardOperation: Operation<null> = {
  name: 'embedding_backward',
  kernels({ inputs: { ids, sorted, dx }, outputs: { dtable } }, { limits }) {
    const [tokens, hiddenSize] = dx.shape
    const value = valueWidth(hiddenSize)
    const columns = hiddenSize / value.width
    return [
      {
        kernel: backwardKernel(value),
        tensors: { ids, sorted, dx, dtable },
        params: { tokens, columns },
        workgroups: elementwiseWorkgroups(tokens * columns, limits),
      },
    ]
  },
}

const embeddingOperation: Operation<null> = {
  name: 'embedding',
  kernels({ inputs: { ids, table }, outputs: { x } }, { limits }) {
    const hiddenSize = x.shape[1]
    const value = valueWidth(hiddenSize)
    const source = weightValues(table, value)
    const count = elementCount(x.shape) / value.width
    return [
      {
        kernel: forwardKernel(source, value),
        tensors: { ids, ...source.tensors, x },
        params: { count, columns: hiddenSize / value.width, ...source.paramValues },
        workgroups: elementwiseWorkgroups(count, limits),
      },
    ]
  },
  backward({ inputs: { ids, sorted, table }, outputs: { x } }, context) {
    const dx = context.gradient(x)
    const target = dx && context.target(table)
    if (!target) return
    if (!sorted) throw new Error(`${table.name} is trainable, but its embedding has no sorted positions`)
    // Rows that do not occur keep what is there: a table is a parameter, whose gradient begins with zeros.
    if (!target.accumulate) throw new Error(`${table.name} is no parameter`)
    context.graph.record(embeddingBackwardOperation, {
      inputs: { ids, sorted, dx },
      outputs: { dtable: target.tensor },
      updates: ['dtable'],
      attributes: null,
    })
  },
}

export interface EmbeddingOptions {
  /** u32 [N], each below V. */
  ids: Tensor
  /**
   * u32 [N]: every position, by its token, equal ones in order. Needed where the table is trained: a row's gradient is
   * gathered from the positions of its token in this order, so that runs repeat exactly.
   */
  sorted?: Tensor
  /** f32, f16 or bf16 [V, C]. */
  table: Tensor
  tokens: number
  hiddenSize: number
}

/** x[n] = table[ids[n]] → f32 [N, C]. Gradients flow to a table that is trainable (f32). */
export function embedding(
  graph: Graph,
  { ids, sorted, table, tokens, hiddenSize }: EmbeddingOptions,
): Tensor {
  const x = graph.activation('embedding', [tokens, hiddenSize])
  graph.record(embeddingOperation, {
    inputs: { ids, table, ...(sorted && { sorted }) },
    outputs: { x },
    attributes: null,
  })
  return x
}
