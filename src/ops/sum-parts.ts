import source from '../../shaders/linear_sum_parts.wgsl?raw'
import type { DeviceTraits } from '../graph/device.ts'
import type { Kernel, KernelCall } from '../graph/kernel.ts'
import type { Tensor } from '../graph/tensor.ts'
import { ELEMENTWISE_WORKGROUP, elementwiseWorkgroups, FLAT_INDEX } from './elementwise.ts'

const sumPartsKernel: Kernel = {
  name: 'linear_sum_parts',
  source: source,
  includes: [FLAT_INDEX],
  bindings: [
    { name: 'parts', element: 'f32', access: 'read' },
    { name: 'total', element: 'f32', access: 'read_write' },
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'parts', type: 'u32' },
    { name: 'accumulate', type: 'u32' },
  ],
  workgroupSize: ELEMENTWISE_WORKGROUP,
}

/** total (+)= Σ of `partCount` vectors of `count` elements that lie end to end in `parts`, in order. */
export function sumParts(
  options: { parts: Tensor; total: Tensor; count: number; partCount: number; accumulate: boolean },
  device: DeviceTraits,
): KernelCall {
  const { parts, total, count, partCount, accumulate } = options
  return {
    kernel: sumPartsKernel,
    tensors: { parts, total },
    params: { count, parts: partCount, accumulate: Number(accumulate) },
    workgroups: elementwiseWorkgroups(count, device.limits),
  }
}
