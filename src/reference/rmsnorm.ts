import type { Values } from './array.ts'
import { expectLength, rowCount } from './array.ts'

/**
 * y = x · rstd · weight with rstd = 1 / √(mean(x²) + eps) by row (Zhang & Sennrich 2019, as LlamaRMSNorm).
 * x [N, C], weight [C] → y [N, C], rstd [N].
 */
export function rmsnormForward(
  x: Values,
  weight: Values,
  eps: number,
): { y: Float64Array; rstd: Float64Array } {
  const C = weight.length
  const N = rowCount('x', x, C)
  const y = new Float64Array(N * C)
  const rstd = new Float64Array(N)
  for (let n = 0; n < N; n++) {
    let squares = 0
    for (let c = 0; c < C; c++) squares += x[n * C + c] ** 2
    rstd[n] = 1 / Math.sqrt(squares / C + eps)
    for (let c = 0; c < C; c++) y[n * C + c] = x[n * C + c] * rstd[n] * weight[c]
  }
  return { y, rstd }
}

/**
 * With g = dy · weight: dx = rstd · g − x · rstd³ · mean(g · x); dweight = Σₙ dy · x · rstd.
 * dy, x [N, C], weight [C], rstd [N] of the forward → dx [N, C], dweight [C].
 */
export function rmsnormBackward(
  dy: Values,
  x: Values,
  weight: Values,
  rstd: Values,
): { dx: Float64Array; dweight: Float64Array } {
  const C = weight.length
  const N = rowCount('x', x, C)
  expectLength('dy', dy, N * C)
  expectLength('rstd', rstd, N)
  const dx = new Float64Array(N * C)
  const dweight = new Float64Array(C)
  for (let n = 0; n < N; n++) {
    const r = rstd[n]
    let projection = 0
    for (let c = 0; c < C; c++) {
      projection += dy[n * C + c] * weight[c] * x[n * C + c]
      dweight[c] += dy[n * C + c] * x[n * C + c] * r
    }
    projection /= C
    for (let c = 0; c < C; c++) {
      dx[n * C + c] = r * dy[n * C + c] * weight[c] - x[n * C + c] * r ** 3 * projection
    }
  }
  return { dx, dweight }
}
