import finishSource from '../../shaders/gradient-norm_finish.wgsl?raw'
import partialSource from '../../shaders/gradient-norm_partial.wgsl?raw'
import type { DeviceTraits } from '../graph/device.ts'
import type { Graph } from '../graph/graph.ts'
import type { Call, Kernel } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { ELEMENTWISE_WORKGROUP, elementwiseWorkgroups, FLAT_INDEX } from './elementwise.ts'

/** Enough to fill a GPU, few enough for one workgroup to finish. A software adapter has few cores to fill. */
const MAX_PARTIALS = 16384
const MAX_PARTIALS_SOFTWARE = 1024
const FINISH_INVOCATIONS = 256

const partialKernel: Kernel = {
  name: 'gradient-norm_partial',
  source: partialSource,
  includes: [FLAT_INDEX],
  bindings: [
    { name: 'gradients', element: 'vec4<u32>', access: 'read' },
    { name: 'partial_bits', element: 'u32', access: 'write' },
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'invocations', type: 'u32' },
    { name: 'firstPartial', type: 'u32' },
  ],
  workgroupSize: ELEMENTWISE_WORKGROUP,
}

const finishKernel: Kernel = {
  name: 'gradient-norm_finish',
  source: finishSource,
  bindings: [
    { name: 'partial_bits', element: 'u32', access: 'read' },
    { name: 'norm_bits', element: 'u32', access: 'write' },
  ],
  params: [{ name: 'invocations', type: 'u32' }],
  workgroupSize: [FINISH_INVOCATIONS, 1, 1],
}

const vectors = (gradients: Tensor): number => elementCount(gradients.shape) / 4

const partials = (gradients: Tensor, { software }: DeviceTraits): number =>
  Math.min(vectors(gradients), software ? MAX_PARTIALS_SOFTWARE : MAX_PARTIALS)

const gradientNormOperation: Operation<null> = {
  name: 'gradient-norm',
  workspace: ({ inputs }, device) => ({
    partial: {
      shape: [Object.values(inputs).reduce((sum, gradients) => sum + partials(gradients, device), 0)],
      format: 'f32',
    },
  }),
  kernels({ inputs, outputs: { norm } }, device, { partial }): Call[] {
    let firstPartial = 0
    const sums = Object.values(inputs).map((gradients): Call => {
      const invocations = partials(gradients, device)
      const call = {
        kernel: partialKernel,
        tensors: { gradients, partial_bits: partial },
        params: { count: vectors(gradients), invocations, firstPartial },
        workgroups: elementwiseWorkgroups(invocations, device.limits),
      }
      firstPartial += invocations
      return call
    })
    return [
      ...sums,
      {
        kernel: finishKernel,
        tensors: { partial_bits: partial, norm_bits: norm },
        params: { invocations: firstPartial },
        workgroups: [1, 1, 1],
      },
    ]
  },
}

/**
 * norm [1] = √Σ g² over all segments of a gradient pool (each a multiple of 4 elements), summed in a fixed order. A NaN
 * or infinite gradient, or an overflow, gives a norm whose exponent bits are all ones.
 */
export function gradientNorm(graph: Graph, segments: readonly Tensor[], norm: Tensor): void {
  const odd = segments.find(({ shape }) => elementCount(shape) % 4 !== 0)
  if (odd) throw new Error(`${odd.name} is not a multiple of 4 elements`)
  const inputs = Object.fromEntries(segments.map((gradients, index) => [`gradients${index}`, gradients]))
  graph.record(gradientNormOperation, { inputs, outputs: { norm }, attributes: null })
}
