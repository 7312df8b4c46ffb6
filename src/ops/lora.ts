import type { DeviceTraits } from '../graph/device.ts'
import type { KernelCall } from '../graph/kernel.ts'
import type { WorkspaceRequest } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'
import { forwardProduct, inputGradientProduct } from './matrix-product.ts'
import type { DropoutAttributes } from './product-parts.ts'
import { weightGradientProduct, weightGradientWorkspace } from './weight-gradient.ts'

/**
 * The low-rank adapter of a linear layer (Hu et al. 2021, "LoRA"; PEFT's order of operations):
 *
 *     y += s · drop(x) · Aᵀ · Bᵀ        A [R, in], B [out, R], s = alpha / R (rsLoRA: alpha / √R)
 *
 * These are pieces of the op in linear.ts, which owns the tape.
 */
export interface LoraAttributes {
  /** s */
  scaling: number
  dropout: DropoutAttributes
}

export interface LoraForwardTensors {
  x: Tensor
  A: Tensor
  B: Tensor
  /** drop(x) · Aᵀ, kept for the backward: [N, R] */
  xa: Tensor
  /** Added to. */
  y: Tensor
}

/** xa = drop(x) · Aᵀ; y += s · xa · Bᵀ. */
export function loraForward(
  { x, A, B, xa, y }: LoraForwardTensors,
  { scaling, dropout }: LoraAttributes,
  device: DeviceTraits,
): KernelCall[] {
  const rows = x.shape[0]
  return [
    forwardProduct({ left: x, weight: A, product: xa, rows, dropout }, device),
    forwardProduct({ left: xa, weight: B, product: y, rows, accumulate: true, scale: scaling }, device),
  ]
}

export interface LoraBackwardTensors {
  dy: Tensor
  x: Tensor
  xa: Tensor
  A: Tensor
  B: Tensor
  /** Added to where given. */
  dA?: Tensor
  dB?: Tensor
  /** Added to where given: it holds the base's share. */
  dx?: Tensor
}

/** dB += s · dyᵀ · xa; dxa = s · dy · B; dA += dxaᵀ · drop(x); dx += drop(dxa · A). Scratch space by loraBackwardWorkspace. */
export function loraBackward(
  { dy, x, xa, A, B, dA, dB, dx }: LoraBackwardTensors,
  { scaling, dropout }: LoraAttributes,
  device: DeviceTraits,
  { dxa, partsA, partsB }: Record<string, Tensor>,
): KernelCall[] {
  const rows = x.shape[0]
  const calls: KernelCall[] = []
  if (dB) {
    const product = { left: xa, gradient: dy, product: dB, rows, accumulate: true, scale: scaling }
    calls.push(...weightGradientProduct(product, partsB, device))
  }
  if (dA || dx)
    calls.push(...inputGradientProduct({ left: dy, weight: B, product: dxa, rows, scale: scaling }, device))
  if (dA) {
    const product = { left: x, gradient: dxa, product: dA, rows, accumulate: true, dropout }
    calls.push(...weightGradientProduct(product, partsA, device))
  }
  if (dx) {
    calls.push(
      ...inputGradientProduct({ left: dxa, weight: A, product: dx, rows, accumulate: true, dropout }, device),
    )
  }
  return calls
}

export function loraBackwardWorkspace(
  rows: number,
  A: Tensor,
  B: Tensor,
  device: DeviceTraits,
): Record<string, WorkspaceRequest> {
  const partsA = weightGradientWorkspace(rows, A.shape, device)
  const partsB = weightGradientWorkspace(rows, B.shape, device)
  return {
    dxa: { shape: [rows, A.shape[0]], format: 'f32' },
    ...(partsA && { partsA }),
    ...(partsB && { partsB }),
  }
}
