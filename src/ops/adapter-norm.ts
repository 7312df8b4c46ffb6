import gramSource from '../../shaders/adapter-norm_gram.wgsl?raw'
import type { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'

const gramKernel: Kernel = {
  name: 'adapter-norm_gram',
  source: gramSource,
  bindings: [
    { name: 'A', element: 'f32', access: 'read' },
    { name: 'B', element: 'f32', access: 'read' },
    { name: 'norms', element: 'f32', access: 'write' },
  ],
  params: [
    { name: 'moduleIndex', type: 'u32' },
    { name: 'rank', type: 'u32' },
    { name: 'inner', type: 'u32' },
    { name: 'outer', type: 'u32' },
  ],
  workgroupSize: [256, 1, 1],
}

const adapterNormOperation: Operation<{ modules: number }> = {
  name: 'adapter-norm',
  kernels({ inputs, outputs: { norms }, attributes }) {
    return Array.from({ length: attributes.modules }, (_, moduleIndex) => {
      const A = inputs[`A${moduleIndex}`]
      const B = inputs[`B${moduleIndex}`]
      const [rank, inner] = A.shape
      return {
        kernel: gramKernel,
        tensors: { A, B, norms },
        params: { moduleIndex, rank, inner, outer: B.shape[0] },
        workgroups: [1, 1, 1],
      }
    })
  },
}

/**
 * ‖B·A‖_F² of each adapter, A [R, in] and B [out, R], without forming the product: Σ (A·Aᵀ) ∘ (Bᵀ·B). → f32 [modules],
 * an activation (expose it to read it). Scale by `scaling²` for what the adapter adds to the weight.
 */
export function adapterNorm(graph: Graph, adapters: readonly { A: Tensor; B: Tensor }[]): Tensor {
  const norms = graph.activation('adapter norms', [adapters.length])
  const inputs = Object.fromEntries(
    adapters.flatMap(({ A, B }, index) => [
      [`A${index}`, A],
      [`B${index}`, B],
    ]),
  )
  graph.record(adapterNormOperation, { inputs, outputs: { norms }, attributes: { modules: adapters.length } })
  return norms
}
