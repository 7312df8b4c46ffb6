import type { Values } from './array.ts'
import { expectLength } from './array.ts'

export interface AttentionShape {
  batchSize: number
  sequenceLength: number
  heads: number
  /** Divides `heads`; query head h reads kv head ⌊h · kvHeads / heads⌋ (grouped-query attention, Ainslie et al. 2023). */
  kvHeads: number
  headDim: number
  /** Multiplies the scores; 1 / √headDim when left out. */
  softmaxScale?: number
  /** [B · T]; a position attends only within its own segment. All one segment when left out. */
  segmentIds?: Values
}

/**
 * o = softmax(scale · q · kᵀ) · v over the earlier positions (and itself) of the same sequence and segment.
 * q [N, NH · HD], k and v [N, NKV · HD] → o [N, NH · HD], lse [N · NH] (log-sum-exp of the scaled scores, natural log).
 */
export function attentionForward(
  q: Values,
  k: Values,
  v: Values,
  shape: AttentionShape,
): { o: Float64Array; lse: Float64Array } {
  checkShapes(q, k, v, shape)
  const { heads, headDim } = shape
  const o = new Float64Array(q.length)
  const lse = new Float64Array(q.length / headDim)
  forEachQuery(shape, (query, kvHead, keys) => {
    const scores = keys.map((key) => score(q, k, query, keyRow(shape, key, kvHead), shape))
    const max = Math.max(...scores)
    const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0)
    lse[query] = max + Math.log(sum)
    keys.forEach((key, j) => {
      const p = Math.exp(scores[j] - max) / sum
      const value = keyRow(shape, key, kvHead) * headDim
      for (let d = 0; d < headDim; d++) o[query * headDim + d] += p * v[value + d]
    })
  })
  expectLength('lse', lse, shape.batchSize * shape.sequenceLength * heads)
  return { o, lse }
}

/**
 * With p = exp(s − lse), dp = dO · v and delta = Σ dO · o: dv += p · dO; ds = p · (dp − delta); dq += scale · ds · k;
 * dk += scale · ds · q (FlashAttention, Dao et al. 2022, Appendix B.4). Shapes as in {@link attentionForward}.
 */
export function attentionBackward(
  dO: Values,
  q: Values,
  k: Values,
  v: Values,
  o: Values,
  lse: Values,
  shape: AttentionShape,
): { dq: Float64Array; dk: Float64Array; dv: Float64Array } {
  checkShapes(q, k, v, shape)
  const { headDim } = shape
  const scale = softmaxScale(shape)
  expectLength('dO', dO, q.length)
  expectLength('o', o, q.length)
  expectLength('lse', lse, q.length / headDim)
  const dq = new Float64Array(q.length)
  const dk = new Float64Array(k.length)
  const dv = new Float64Array(v.length)
  forEachQuery(shape, (query, kvHead, keys) => {
    const row = query * headDim
    let delta = 0
    for (let d = 0; d < headDim; d++) delta += dO[row + d] * o[row + d]
    for (const key of keys) {
      const column = keyRow(shape, key, kvHead) * headDim
      const p = Math.exp(score(q, k, query, keyRow(shape, key, kvHead), shape) - lse[query])
      let dp = 0
      for (let d = 0; d < headDim; d++) dp += dO[row + d] * v[column + d]
      const ds = p * (dp - delta) * scale
      for (let d = 0; d < headDim; d++) {
        dv[column + d] += p * dO[row + d]
        dq[row + d] += ds * k[column + d]
        dk[column + d] += ds * q[row + d]
      }
    }
  })
  return { dq, dk, dv }
}

/** Visits every (token, head) row of q with the tokens it may attend to, oldest first. */
function forEachQuery(
  shape: AttentionShape,
  visit: (query: number, kvHead: number, keys: number[]) => void,
): void {
  const { batchSize, sequenceLength, heads, kvHeads, segmentIds } = shape
  for (let n = 0; n < batchSize * sequenceLength; n++) {
    const keys: number[] = []
    for (let key = n - (n % sequenceLength); key <= n; key++) {
      if (!segmentIds || segmentIds[key] === segmentIds[n]) keys.push(key)
    }
    for (let head = 0; head < heads; head++)
      visit(n * heads + head, Math.floor((head * kvHeads) / heads), keys)
  }
}

const keyRow = (shape: AttentionShape, key: number, kvHead: number): number => key * shape.kvHeads + kvHead

const softmaxScale = (shape: AttentionShape): number => shape.softmaxScale ?? 1 / Math.sqrt(shape.headDim)

/** Scaled dot product of row `query` of q with row `key` of k, both as [rows, HD]. */
function score(q: Values, k: Values, query: number, key: number, shape: AttentionShape): number {
  const { headDim } = shape
  let dot = 0
  for (let d = 0; d < headDim; d++) dot += q[query * headDim + d] * k[key * headDim + d]
  return dot * softmaxScale(shape)
}

function checkShapes(q: Values, k: Values, v: Values, shape: AttentionShape): void {
  const { batchSize, sequenceLength, heads, kvHeads, headDim, segmentIds } = shape
  const N = batchSize * sequenceLength
  expectLength('q', q, N * heads * headDim)
  expectLength('k', k, N * kvHeads * headDim)
  expectLength('v', v, N * kvHeads * headDim)
  if (segmentIds) expectLength('segmentIds', segmentIds, N)
}
