import type { DeviceTraits } from '../src/graph/device.ts'
import { Graph } from '../src/graph/graph.ts'
import type { Call } from '../src/graph/kernel.ts'
import { makePlan } from '../src/graph/make-plan.ts'
import type { Operation, WorkspaceRequest } from '../src/graph/operation.ts'
import type { Plan } from '../src/graph/plan.ts'
import { bufferTensor, quantizedTensor, type Tensor } from '../src/graph/tensor.ts'
import { forwardProduct, inputGradientProduct } from '../src/ops/matrix-product.ts'
import { weightGradientProduct, weightGradientWorkspace } from '../src/ops/weight-gradient.ts'
import { quantLayout } from '../src/quant/layout.ts'

export const FORMATS = ['nf4', 'bf16', 'f16', 'f32'] as const
export const PASSES = ['forward', 'dX', 'dW'] as const

/** One matrix product of a linear layer W [out, in] over rows of x. */
export interface ProductCase {
  pass: (typeof PASSES)[number]
  /** Of W; dW reads no weight. */
  format: (typeof FORMATS)[number]
  rows: number
  inFeatures: number
  outFeatures: number
}

/** The stage that runs the product. */
export const PRODUCT_STAGE = 'product'

/** The product as this checkout plans it, alone. Its tensors are named x, dy, weight, codebook and product. */
export function planProduct(product: ProductCase, traits: DeviceTraits): Plan {
  const { pass, format, rows, inFeatures, outFeatures } = product
  const shape = [outFeatures, inFeatures] as const
  const tensor = (name: string, extents: readonly number[]) => bufferTensor(name, extents, 'f32', 'weights')
  const weight = weightTensor(format, shape)
  const codebook = format === 'nf4' ? bufferTensor('codebook', [272], 'f32', 'weights') : undefined
  const x = tensor('x', [rows, inFeatures])
  const dy = tensor('dy', [rows, outFeatures])
  const extents = { forward: [rows, outFeatures], dX: [rows, inFeatures], dW: shape }[pass]
  const calls = (inputs: Record<string, Tensor>, result: Tensor, parts?: Tensor): Call[] => {
    if (pass === 'dW')
      return weightGradientProduct({ left: x, gradient: dy, product: result, rows }, parts, traits)
    const of = { left: inputs.left, weight, codebook, product: result, rows }
    return pass === 'forward' ? [forwardProduct(of, traits)] : inputGradientProduct(of, traits)
  }
  const operation: Operation<null> = {
    name: pass,
    workspace(): Record<string, WorkspaceRequest> {
      const parts = pass === 'dW' ? weightGradientWorkspace(rows, shape, traits) : undefined
      return parts ? { parts } : {}
    },
    kernels: ({ inputs, outputs }, _, { parts }) => calls(inputs, outputs.result, parts),
  }
  const graph = new Graph()
  graph.record(operation, {
    inputs:
      pass === 'dW'
        ? { x, dy }
        : { left: pass === 'forward' ? x : dy, weight, ...(codebook && { codebook }) },
    outputs: { result: tensor('product', extents) },
    attributes: null,
  })
  return makePlan({ [PRODUCT_STAGE]: graph }, traits)
}

function weightTensor(format: ProductCase['format'], shape: readonly [number, number]): Tensor {
  if (format !== 'nf4') return bufferTensor('weight', shape, format, 'weights')
  const quantization = { type: format, blockSize: 64, doubleQuant: true }
  return quantizedTensor('weight', shape, quantization, quantLayout(shape, quantization))
}
