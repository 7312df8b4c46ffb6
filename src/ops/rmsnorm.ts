import backwardSource from '../../shaders/rmsnorm_backward.wgsl?raw'
import forwardSource from '../../shaders/rmsnorm_forward.wgsl?raw'
import type { Graph } from '../graph/graph.ts'
import type { Kernel, KernelCall } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { FLAT_INDEX, type ValueWidth, valueWidth } from './elementwise.ts'
import { gradientOutputs } from './gradient-outputs.ts'
import { weightGradient, weightGradientWorkspace } from './rmsnorm-weight-gradient.ts'
import { type RowLayout, rowLayout } from './rows.ts'
import type { WeightSource } from './weight-source.ts'
import { weightValues } from './weight-values.ts'

const forwardKernel = (weight: WeightSource, { element }: ValueWidth, rows: RowLayout): Kernel => ({
  name: `rmsnorm_forward.${weight.name}.${rows.name}`,
  source: forwardSource,
  includes: [...weight.includes, FLAT_INDEX, rows.include],
  bindings: [
    { name: 'x', element, access: 'read' },
    ...weight.bindings,
    { name: 'y', element, access: 'write' },
    { name: 'rstd', element: 'f32', access: 'write' },
  ],
  params: [
    { name: 'rows', type: 'u32' },
    { name: 'columns', type: 'u32' },
    { name: 'inverseWidth', type: 'f32' },
    { name: 'eps', type: 'f32' },
    ...weight.params,
  ],
  workgroupSize: rows.workgroupSize,
})

const backwardKernel = (weight: WeightSource, { element }: ValueWidth, rows: RowLayout): Kernel => ({
  name: `rmsnorm_backward.${weight.name}.${rows.name}`,
  source: backwardSource,
  includes: [...weight.includes, FLAT_INDEX, rows.include],
  bindings: [
    { name: 'dy', element, access: 'read' },
    { name: 'x', element, access: 'read' },
    ...weight.bindings,
    { name: 'rstd', element: 'f32', access: 'read' },
    { name: 'dx', element, access: 'read_write' },
  ],
  params: [
    { name: 'rows', type: 'u32' },
    { name: 'columns', type: 'u32' },
    { name: 'inverseWidth', type: 'f32' },
    { name: 'accumulate', type: 'u32' },
    ...weight.params,
  ],
  workgroupSize: rows.workgroupSize,
})

/** Rows of x and what the kernels need to know of their width. */
function dimensions(x: Tensor, weight: Tensor) {
  const hiddenSize = elementCount(weight.shape)
  const value = valueWidth(hiddenSize)
  const rows = elementCount(x.shape) / hiddenSize
  return { rows, value, params: { rows, columns: hiddenSize / value.width, inverseWidth: 1 / hiddenSize } }
}

const rmsnormBackwardOperation: Operation<{ accumulate: readonly string[] }> = {
  name: 'rmsnorm_backward',
  workspace({ inputs: { x }, outputs: { dweight } }, device) {
    const partial = dweight && weightGradientWorkspace(x, dweight, device)
    return { ...(partial && { partial }) }
  },
  kernels({ inputs, outputs: { dx, dweight }, attributes: { accumulate } }, device, { partial }) {
    const { dy, x, weight, rstd } = inputs
    const calls: KernelCall[] = []
    if (dweight) {
      const gradient = { dy, x, rstd, dweight, accumulate: accumulate.includes('dweight') }
      calls.push(...weightGradient(gradient, partial, device))
    }
    if (dx) {
      const { rows, value, params } = dimensions(x, weight)
      const source = weightValues(weight, value)
      const layout = rowLayout(rows, device)
      calls.push({
        kernel: backwardKernel(source, value, layout),
        tensors: { dy, x, ...source.tensors, rstd, dx },
        params: { ...params, accumulate: Number(accumulate.includes('dx')), ...source.paramValues },
        workgroups: layout.workgroups,
      })
    }
    return calls
  },
}

const rmsnormOperation: Operation<{ eps: number }> = {
  name: 'rmsnorm',
  kernels({ inputs: { x, weight }, outputs: { y, rstd }, attributes }, device) {
    const { rows, value, params } = dimensions(x, weight)
    const source = weightValues(weight, value)
    const layout = rowLayout(rows, device)
    return [
      {
        kernel: forwardKernel(source, value, layout),
        tensors: { x, ...source.tensors, y, rstd },
        params: { ...params, eps: attributes.eps, ...source.paramValues },
        workgroups: layout.workgroups,
      },
    ]
  },
  backward({ inputs: { x, weight }, outputs: { y, rstd } }, context) {
    const dy = context.gradient(y)
    const targets = dy && gradientOutputs({ dx: context.target(x), dweight: context.target(weight) })
    if (!targets) return
    context.graph.record(rmsnormBackwardOperation, {
      inputs: { dy, x, rstd, ...(targets.outputs.dx && { weight }) },
      outputs: targets.outputs,
      updates: targets.updates,
      attributes: { accumulate: targets.updates },
    })
  },
}

/**
 * y = x · weight / √(mean(x²) + eps) by row (Zhang & Sennrich 2019, as LlamaRMSNorm). x [N, C], weight [C], f32, f16 or
 * bf16 → [N, C]. Gradients flow to x, and to a weight that is trainable (f32).
 */
export function rmsnorm(graph: Graph, x: Tensor, weight: Tensor, eps: number): Tensor {
  const y = graph.activation('rmsnorm', x.shape)
  const rstd = graph.activation('rmsnorm.rstd', [elementCount(x.shape) / elementCount(weight.shape)])
  graph.record(rmsnormOperation, { inputs: { x, weight }, outputs: { y, rstd }, attributes: { eps } })
  return y
}
