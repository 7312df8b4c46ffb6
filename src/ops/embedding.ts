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
}

export interface EmbeddingOptions {
  /** u32 [N], each below V. */
  ids: Tensor
  /** f32, f16 or bf16 [V, C]; frozen. */
  table: Tensor
  tokens: number
  hiddenSize: number
}

/** x[n] = table[ids[n]] → f32 [N, C]. */
export function embedding(graph: Graph, { ids, table, tokens, hiddenSize }: EmbeddingOptions): Tensor {
  if (table.gradient) throw new Error(`${table.name} is trainable, but embeddings are frozen`)
  const x = graph.activation('embedding', [tokens, hiddenSize])
  graph.record(embeddingOperation, { inputs: { ids, table }, outputs: { x }, attributes: null })
  return x
}
