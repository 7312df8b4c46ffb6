import { StudioError } from '../util/errors.ts'
import { uniform } from '../util/random.ts'

/** How the next token is chosen. Applied in this order: temperature, top-k, top-p (as in the transformers library). */
export interface Sampling {
  /** 0 takes the most likely token (greedy); above, logits are divided by it. */
  temperature: number
  /** Only so many of the most likely tokens; 0 leaves all. */
  topK: number
  /** Only the most likely tokens that together reach this probability (nucleus, Holtzman et al. 2020); 1 leaves all. */
  topP: number
  seed: number
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, seed: 0 }

/** The most likely tokens of a row of logits, with what their probabilities need to know of the others. */
export interface Candidates {
  /** Most likely first, ties by token. */
  tokens: ArrayLike<number>
  logits: ArrayLike<number>
  /** Whether these are all tokens there are. */
  complete: boolean
  /** log Σ exp(logit) over all tokens. */
  logSum: number
  /** log Σ exp(logit / temperature) over all tokens. */
  temperedLogSum: number
}

export interface Choice {
  tokenId: number
  /** Under the model itself: at temperature 1 and before any cut. */
  probability: number
}

/** Keeps the draws apart from other uses of a seed. */
const SAMPLING_STREAM = 0x5a3b

/** The random number that decides token `index` of a text. */
export const samplingNumber = ({ seed }: Sampling, index: number): number =>
  uniform(seed, SAMPLING_STREAM, index)

/**
 * Chooses a token by a random number in [0, 1). Null when the candidates do not reach far enough to decide: the caller
 * then comes with all tokens, and the same number gives the choice.
 * @throws generate/non-finite when the model's output is no number
 */
export function chooseToken(candidates: Candidates, sampling: Sampling, random: number): Choice | null {
  const { tokens, logits, logSum } = candidates
  if (!Number.isFinite(logits[0]) || !Number.isFinite(logSum)) {
    throw new StudioError('generate/non-finite', 'The model’s output is not a number', {
      hint: 'The adapter may have diverged in training: lower the learning rate and train again.',
    })
  }
  const place = sampling.temperature === 0 ? 0 : drawPlace(candidates, sampling, random)
  return place === null ? null : { tokenId: tokens[place], probability: Math.exp(logits[place] - logSum) }
}

/** Inverse transform sampling over the kept candidates, most likely first. */
function drawPlace(
  { tokens, logits, complete, temperedLogSum }: Candidates,
  sampling: Sampling,
  random: number,
): number | null {
  const { temperature, topK, topP } = sampling
  const cutsByRank = topK > 0 && (topK < tokens.length || !complete)
  if (cutsByRank && topK > tokens.length) return null
  const count = cutsByRank ? topK : tokens.length
  const logTotal = cutsByRank ? logSumExp(logits, count, temperature) : temperedLogSum
  const probability = (place: number) => Math.exp(logits[place] / temperature - logTotal)
  const allAreHere = complete || cutsByRank

  let kept = 1
  let mass = 1
  if (topP < 1) {
    mass = probability(0)
    while (mass < topP && kept < count) mass += probability(kept++)
    if (mass < topP && !allAreHere) return null
  } else {
    kept = count
  }
  const target = random * mass
  let reached = 0
  for (let place = 0; place < kept; place++) {
    reached += probability(place)
    if (target < reached) return place
  }
  // Past the last one by rounding alone, unless some are not here.
  return topP < 1 || allAreHere ? kept - 1 : null
}

function logSumExp(logits: ArrayLike<number>, count: number, temperature: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += Math.exp((logits[i] - logits[0]) / temperature)
  return logits[0] / temperature + Math.log(sum)
}

/** All tokens of a row of logits as candidates. */
export function rankAll(row: Float32Array, temperature: number): Candidates {
  const tokens = Uint32Array.from({ length: row.length }, (_, token) => token).sort(
    (a, b) => row[b] - row[a] || a - b,
  )
  const logits = Float32Array.from(tokens, (token) => row[token])
  return {
    tokens,
    logits,
    complete: true,
    logSum: logSumExp(logits, logits.length, 1),
    temperedLogSum: logSumExp(logits, logits.length, temperature || 1),
  }
}
