import { StudioError } from '../util/errors.ts'
import type { Values } from './array.ts'
import { expectLength } from './array.ts'

/** Target of a position that is not supervised: no loss, no gradient. */
export const IGNORED_TARGET = -1

export interface TokenLosses {
  /** [N] negative log likelihood of the target, natural log; 0 where ignored. */
  losses: Float64Array
  /** [N] log-sum-exp of the logits, ignored positions included. */
  lse: Float64Array
  /** Σ losses. */
  lossSum: number
  /** Supervised positions. */
  count: number
}

/** losses[n] = lse(logits[n]) − logits[n, targets[n]]. logits [N, V], targets [N], −1 ignored. */
export function crossEntropyForward(logits: Values, targets: Values, vocabSize: number): TokenLosses {
  expectLength('logits', logits, targets.length * vocabSize)
  const losses = new Float64Array(targets.length)
  const lse = new Float64Array(targets.length)
  let lossSum = 0
  let count = 0
  for (let n = 0; n < targets.length; n++) {
    const row = n * vocabSize
    let max = Number.NEGATIVE_INFINITY
    for (let c = 0; c < vocabSize; c++) max = Math.max(max, logits[row + c])
    let sum = 0
    for (let c = 0; c < vocabSize; c++) sum += Math.exp(logits[row + c] - max)
    lse[n] = max + Math.log(sum)
    if (!isSupervised(targets[n], vocabSize)) continue
    losses[n] = lse[n] - logits[row + targets[n]]
    lossSum += losses[n]
    count++
  }
  return { losses, lse, lossSum, count }
}

/**
 * dlogits = gradScale · (softmax(logits) − onehot(target)); 0 in rows that are ignored. `gradScale` is 1 / (supervised
 * tokens of the whole step), so that micro-batches add up to the mean. logits [N, V], targets and lse [N] → [N, V].
 */
export function crossEntropyBackward(
  logits: Values,
  targets: Values,
  lse: Values,
  vocabSize: number,
  gradScale: number,
): Float64Array {
  expectLength('logits', logits, targets.length * vocabSize)
  expectLength('lse', lse, targets.length)
  const dlogits = new Float64Array(logits.length)
  for (let n = 0; n < targets.length; n++) {
    if (!isSupervised(targets[n], vocabSize)) continue
    const row = n * vocabSize
    for (let c = 0; c < vocabSize; c++) dlogits[row + c] = gradScale * Math.exp(logits[row + c] - lse[n])
    dlogits[row + targets[n]] -= gradScale
  }
  return dlogits
}

function isSupervised(target: number, vocabSize: number): boolean {
  if (target === IGNORED_TARGET) return false
  if (Number.isInteger(target) && target >= 0 && target < vocabSize) return true
  throw new StudioError(
    'reference/index',
    `target ${target} is neither -1 nor inside the vocabulary of ${vocabSize}`,
  )
}
