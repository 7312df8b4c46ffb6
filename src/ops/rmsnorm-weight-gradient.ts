import source from '../../shaders/rmsnorm_weight_gradient.wgsl?raw'
import type { DeviceTraits } from '../graph/device.ts'
import type { Kernel, KernelCall } from '../graph/kernel.ts'
import type { WorkspaceRequest } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import {
  ELEMENTWISE_WORKGROUP,
  elementwiseWorkgroups,
  FLAT_INDEX,
  type ValueWidth,
  valueWidth,
} from './elementwise.ts'
import { sumParts } from './sum-parts.ts'

const kernel = ({ element, suffix, include }: ValueWidth): Kernel => ({
  name: `rmsnorm_weight_gradient.${suffix}`,
  source,
  includes: [include, FLAT_INDEX],
  bindings: [
    { name: 'dy', element, access: 'read' },
    { name: 'x', element, access: 'read' },
    { name: 'rstd', element: 'f32', access: 'read' },
    { name: 'dweight', element, access: 'read_write' },
  ],
  params: [
    { name: 'rows', type: 'u32' },
    { name: 'columns', type: 'u32' },
    { name: 'rowsPerPart', type: 'u32' },
    { name: 'accumulate', type: 'u32' },
  ],
  workgroupSize: ELEMENTWISE_WORKGROUP,
})

/** Invocations that fill a device, and rows that are worth one. */
const ENOUGH_INVOCATIONS = { gpu: 16384, software: 256 }
const LEAST_ROWS_PER_PART = 32

/** How the rows of x [N, C] are cut, so that few columns still fill the device. */
function cutRows(x: Tensor, weight: Tensor, { software }: DeviceTraits) {
  const hiddenSize = elementCount(weight.shape)
  const value = valueWidth(hiddenSize)
  const columns = hiddenSize / value.width
  const rows = elementCount(x.shape) / hiddenSize
  const enough = software ? ENOUGH_INVOCATIONS.software : ENOUGH_INVOCATIONS.gpu
  const wanted = Math.max(1, Math.min(Math.ceil(enough / columns), Math.floor(rows / LEAST_ROWS_PER_PART)))
  const rowsPerPart = Math.ceil(rows / wanted)
  return { hiddenSize, value, columns, rows, rowsPerPart, parts: Math.ceil(rows / rowsPerPart) }
}

/** Scratch space for weightGradient, or undefined where none is needed. */
export function weightGradientWorkspace(
  x: Tensor,
  weight: Tensor,
  device: DeviceTraits,
): WorkspaceRequest | undefined {
  const { parts, hiddenSize } = cutRows(x, weight, device)
  return parts > 1 ? { shape: [parts, hiddenSize], format: 'f32' } : undefined
}

export interface NormWeightGradient {
  /** [N, C], all three in f32; rstd [N] */
  dy: Tensor
  x: Tensor
  rstd: Tensor
  /** [C] */
  dweight: Tensor
  accumulate: boolean
}

/** dweight (+)= Σₙ dy · x · rstd. `partial` is scratch space by weightGradientWorkspace. */
export function weightGradient(
  { dy, x, rstd, dweight, accumulate }: NormWeightGradient,
  partial: Tensor | undefined,
  device: DeviceTraits,
): KernelCall[] {
  const { value, columns, rows, rowsPerPart, parts, hiddenSize } = cutRows(x, dweight, device)
  const call: KernelCall = {
    kernel: kernel(value),
    tensors: { dy, x, rstd, dweight: partial ?? dweight },
    params: { rows, columns, rowsPerPart, accumulate: Number(accumulate && !partial) },
    workgroups: elementwiseWorkgroups(parts * columns, device.limits),
  }
  if (!partial) return [call]
  return [
    call,
    sumParts({ parts: partial, total: dweight, count: hiddenSize, partCount: parts, accumulate }, device),
  ]
}
