import type { Graph } from '../graph/graph.ts'
import type { KernelCall } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'
import { StudioError } from '../util/errors.ts'
import { gradientOutputs } from './gradient-outputs.ts'
import { type LoraAttributes, loraBackward, loraBackwardWorkspace, loraForward } from './lora.ts'
import { forwardProduct, inputGradientProduct } from './matrix-product.ts'
import { weightGradientProduct, weightGradientWorkspace } from './weight-gradient.ts'

/** A trainable low-rank adapter beside a weight. */
export interface Adapter {
  /** [R, in], f32 */
  A: Tensor
  /** [out, R], f32 */
  B: Tensor
  /** alpha / R, or alpha / √R (rsLoRA) */
  scaling: number
  /** Probability with which an element of the adapter's input is dropped, in [0, 1); 0 in evaluation. */
  dropout: number
  /** Adapters that read the same input share one mask. */
  maskId: number
}

export interface LinearOptions {
  /** The code book of a 4-bit weight (quant/layout, codeBookValues). */
  codebook?: Tensor
  adapter?: Adapter
}

interface LinearAttributes {
  lora: LoraAttributes | null
}

const linearOperation: Operation<LinearAttributes> = {
  name: 'linear',
  kernels({ inputs, outputs, attributes: { lora } }, device) {
    const { x, weight, codebook, A, B } = inputs
    const { y, xa } = outputs
    const calls = [forwardProduct({ left: x, weight, codebook, product: y, rows: x.shape[0] }, device)]
    if (lora) calls.push(...loraForward({ x, A, B, xa, y }, lora, device))
    return calls
  },
  backward(node, context) {
    const { x, weight, A, B } = node.inputs
    const dy = context.gradient(node.outputs.y)
    if (!dy) return
    const targets = gradientOutputs({
      dx: context.target(x),
      dW: context.target(weight),
      ...(A && { dA: context.target(A), dB: context.target(B) }),
    })
    if (!targets) return
    const { codebook } = node.inputs
    const { xa } = node.outputs
    const { dx, dW, dA, dB } = targets.outputs
    context.graph.record(linearBackwardOperation, {
      inputs: {
        dy,
        ...(dx && { weight, ...(codebook && { codebook }) }),
        ...((dW || dA) && { x }),
        ...((dx || dA || dB) && A && { x, xa, A, B }),
      },
      outputs: targets.outputs,
      updates: targets.updates,
      attributes: { ...node.attributes, accumulate: targets.updates },
    })
  },
}

const linearBackwardOperation: Operation<LinearAttributes & { accumulate: readonly string[] }> = {
  name: 'linear_backward',
  workspace({ inputs: { dy, A, B }, outputs: { dW } }, device) {
    const rows = dy.shape[0]
    const partsW = dW && weightGradientWorkspace(rows, dW.shape, device)
    return {
      ...(partsW && { partsW }),
      ...(A && loraBackwardWorkspace(rows, A, B, device)),
    }
  },
  kernels({ inputs, outputs, attributes: { lora, accumulate } }, device, workspace) {
    const { dy, x, xa, weight, codebook, A, B } = inputs
    const { dx, dW, dA, dB } = outputs
    const rows = dy.shape[0]
    const calls: KernelCall[] = []
    if (dx) {
      const product = { left: dy, weight, codebook, product: dx, rows, accumulate: accumulate.includes('dx') }
      calls.push(...inputGradientProduct(product, device))
    }
    if (dW) {
      const product = { left: x, gradient: dy, product: dW, rows, accumulate: accumulate.includes('dW') }
      calls.push(...weightGradientProduct(product, workspace.partsW, device))
    }
    if (lora && A) calls.push(...loraBackward({ dy, x, xa, A, B, dA, dB, dx }, lora, device, workspace))
    return calls
  },
}

/**
 * y = x · Wᵀ + s · drop(x) · Aᵀ · Bᵀ. x [N, in], W [out, in] of any weight format → y [N, out].
 * Gradients flow to x, to A and B, and to a W that is trainable.
 * @throws internal/shape where the shapes do not fit
 */
export function linear(
  graph: Graph,
  x: Tensor,
  weight: Tensor,
  { codebook, adapter }: LinearOptions = {},
): Tensor {
  checkShapes(x, weight, adapter)
  const rows = x.shape[0]
  const y = graph.activation(`${weight.name}(x)`, [rows, weight.shape[0]])
  const inputs = { x, weight, ...(codebook && { codebook }) }
  if (!adapter) {
    graph.record(linearOperation, { inputs, outputs: { y }, attributes: { lora: null } })
    return y
  }
  const { A, B, scaling, dropout, maskId } = adapter
  const xa = graph.activation(`${A.name}(x)`, [rows, A.shape[0]])
  graph.record(linearOperation, {
    inputs: { ...inputs, A, B },
    outputs: { y, xa },
    attributes: { lora: { scaling, dropout: { p: dropout, maskId } } },
  })
  return y
}

/** Logits [N, V] of x [N, C] by the head's weight [V, C]. */
export const logits = (graph: Graph, x: Tensor, headWeight: Tensor, codebook?: Tensor): Tensor =>
  linear(graph, x, headWeight, { codebook })

function checkShapes(x: Tensor, weight: Tensor, adapter?: Adapter): void {
  const [out, inner] = weight.shape
  const expected: [tensor: Tensor, shape: readonly number[]][] = [[x, [x.shape[0], inner]]]
  if (adapter) {
    const rank = adapter.A.shape[0]
    expected.push([adapter.A, [rank, inner]], [adapter.B, [out, rank]])
  }
  for (const [{ name, shape }, fitting] of expected) {
    if (shape.length === 2 && shape.every((extent, i) => extent === fitting[i])) continue
    throw new StudioError(
      'internal/shape',
      `${name} is [${shape}], expected [${fitting}] beside ${weight.name} [${out}, ${inner}]`,
    )
  }
}
