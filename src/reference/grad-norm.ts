import type { Values } from './array.ts'

export interface GradNorm {
  /** √Σ g² over all gradients together, before clipping. */
  norm: number
  /** Multiplies every gradient: min(1, maxGradNorm / norm). 0 when the step is skipped. */
  clipFactor: number
  /** The norm is not finite: the update must leave parameters and moments untouched. */
  skip: boolean
}

/**
 * Global gradient norm and clip factor. `maxGradNorm` 0 means no clipping. Unlike torch's clip_grad_norm_ nothing is
 * added to the norm in the quotient (torch adds 1e-6).
 */
export function gradNorm(gradients: Iterable<Values>, maxGradNorm: number): GradNorm {
  let squares = 0
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) squares += gradient[i] ** 2
  }
  const norm = Math.sqrt(squares)
  if (!Number.isFinite(norm)) return { norm, clipFactor: 0, skip: true }
  return {
    norm,
    clipFactor: maxGradNorm > 0 && norm > maxGradNorm ? maxGradNorm / norm : 1,
    skip: false,
  }
}
