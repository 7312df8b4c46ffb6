import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { uniformValues } from '../reference/uniform-values.ts'
import { type Candidates, chooseToken, GREEDY, rankAll, type Sampling, samplingNumber } from './sampler.ts'

const LOGITS = Float32Array.of(1, 3, -2, 2.5, 0, 3)
const sampling = (changes: Partial<Sampling> = {}): Sampling => ({
  temperature: 1,
  topK: 0,
  topP: 1,
  seed: 5,
  ...changes,
})

/** Probabilities of all tokens, by the definition, in float64. */
function distribution(logits: Float32Array, { temperature, topK, topP }: Sampling): number[] {
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b)
  const ranked = topK > 0 ? order.slice(0, topK) : order
  const powers = ranked.map((token) => Math.exp(logits[token] / temperature))
  const total = powers.reduce((sum, power) => sum + power, 0)
  const probabilities = powers.map((power) => power / total)
  let mass = 0
  let kept = 0
  while (kept < ranked.length && mass < topP) mass += probabilities[kept++]
  const all = new Array<number>(logits.length).fill(0)
  for (let place = 0; place < kept; place++) all[ranked[place]] = probabilities[place] / mass
  return all
}

/** The first `count` candidates of a row, as they come from the GPU. */
function first(row: Float32Array, count: number, temperature: number): Candidates {
  const all = rankAll(row, temperature)
  return {
    ...all,
    tokens: Array.from(all.tokens).slice(0, count),
    logits: Array.from(all.logits).slice(0, count),
    complete: count >= row.length,
  }
}

describe('chooseToken', () => {
  it('takes the most likely token at temperature 0, the lower id of equals, with its probability under the model', () => {
    const total = LOGITS.reduce((sum, logit) => sum + Math.exp(logit), 0)
    const choice = chooseToken(rankAll(LOGITS, 0), GREEDY, 0.99)
    expect(choice).toEqual({ tokenId: 1, probability: expect.closeTo(Math.exp(3) / total, 12) })
  })

  it.each<[string, Partial<Sampling>]>([
    ['temperature 1', {}],
    ['temperature 0.5', { temperature: 0.5 }],
    ['temperature 2', { temperature: 2 }],
    ['top-k 3', { topK: 3 }],
    ['top-k larger than the vocabulary', { topK: 100 }],
    ['top-p 0.8', { topP: 0.8 }],
    ['top-p so small that one token is left', { topP: 0.01 }],
    ['top-k, then top-p of what it left', { topK: 4, topP: 0.7, temperature: 1.5 }],
  ])('draws in proportion to the probabilities: %s', (_, changes) => {
    const options = sampling(changes)
    const expected = distribution(LOGITS, options)
    const candidates = rankAll(LOGITS, options.temperature)
    // A fine, even grid of numbers instead of chance: counts then differ from the probabilities by less than a cell.
    const draws = 20000
    const counts = new Array<number>(LOGITS.length).fill(0)
    for (let i = 0; i < draws; i++) {
      const choice = chooseToken(candidates, options, (i + 0.5) / draws)
      if (choice) counts[choice.tokenId]++
    }
    for (const [token, count] of counts.entries()) {
      expect(Math.abs(count / draws - expected[token])).toBeLessThan(2 / draws)
    }
  })

  it('seeded numbers follow the distribution too', () => {
    const options = sampling({ topP: 0.95, temperature: 1.2 })
    const expected = distribution(LOGITS, options)
    const draws = 20000
    const counts = new Array<number>(LOGITS.length).fill(0)
    for (let i = 0; i < draws; i++)
      counts[chooseToken(rankAll(LOGITS, 1.2), options, samplingNumber(options, i))?.tokenId ?? -1]++
    // Chi-squared with at most five degrees of freedom: above 25 once in seven thousand seeds.
    const chiSquared = counts.reduce(
      (sum, count, token) =>
        sum +
        (expected[token] > 0 ? (count - draws * expected[token]) ** 2 / (draws * expected[token]) : count),
      0,
    )
    expect(chiSquared).toBeLessThan(25)
  })

  it('the first candidates give the choice of all tokens, or none', () => {
    fc.assert(
      fc.property(
        fc.record({
          temperature: fc.double({ min: 0.1, max: 8, noNaN: true }),
          topK: fc.integer({ min: 0, max: 60 }),
          topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
        }),
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        fc.integer({ min: 0, max: 1000 }),
        (changes, count, random, seed) => {
          const row = Float32Array.from(uniformValues(50, seed, -4, 4))
          const options = sampling(changes)
          const whole = chooseToken(rankAll(row, options.temperature), options, random)
          expect(whole).not.toBeNull()
          const some = chooseToken(first(row, count, options.temperature), options, random)
          if (some) expect(some).toEqual(whole)
        },
      ),
    )
  })

  it('says that the candidates do not reach far enough exactly where they do not', () => {
    const row = Float32Array.from(uniformValues(50, 3, -1, 1))
    const some = first(row, 10, 1)
    const heldMass = distribution(row, sampling({ topK: 0 }))
      .sort((a, b) => b - a)
      .slice(0, 10)
      .reduce((sum, p) => sum + p, 0)
    expect(chooseToken(some, sampling(), heldMass - 1e-6)).not.toBeNull()
    expect(chooseToken(some, sampling(), heldMass + 1e-6)).toBeNull()
    expect(chooseToken(some, sampling({ topP: heldMass - 1e-6 }), 0.999999)).not.toBeNull()
    expect(chooseToken(some, sampling({ topP: heldMass + 1e-6 }), 0)).toBeNull()
    expect(chooseToken(some, sampling({ topK: 10 }), 0.999999)).not.toBeNull()
    expect(chooseToken(some, sampling({ topK: 11 }), 0)).toBeNull()
  })

  it('refuses logits that are no numbers', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const candidates = { ...rankAll(LOGITS, 1), logits: Float32Array.of(bad, 1) }
      expect(() => chooseToken(candidates, sampling(), 0.5)).toThrow(
        expect.objectContaining({ code: 'generate/non-finite' }),
      )
    }
    expect(() => chooseToken({ ...rankAll(LOGITS, 1), logSum: Number.NaN }, GREEDY, 0)).toThrow(
      /not a number/,
    )
  })
})

it('the numbers of a text depend on the seed and the place alone', () => {
  const numbers = (seed: number) =>
    Array.from({ length: 50 }, (_, i) => samplingNumber(sampling({ seed }), i))
  expect(numbers(1)).toEqual(numbers(1))
  expect(numbers(1)).not.toEqual(numbers(2))
  expect(new Set(numbers(1)).size).toBe(50)
})
