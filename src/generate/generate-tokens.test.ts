import { describe, expect, it } from 'vitest'
import { TOP_CANDIDATES } from '../ops/top-logits.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { candidatesOf, chunkFor } from './generate-tokens.ts'
import { rankAll } from './sampler.ts'

describe('chunkFor', () => {
  const CHUNKS = [1, 8, 32, 128]
  const lengths = (prompt: number, chunks = CHUNKS) => {
    const taken: number[] = []
    for (let left = prompt; left > 0; left -= taken[taken.length - 1]) taken.push(chunkFor(left, chunks))
    return taken
  }

  it.each([
    [1, [1]],
    [3, [1, 1, 1]],
    [4, [8]],
    [8, [8]],
    [9, [8, 1]],
    [16, [32]],
    [33, [32, 1]],
    [64, [128]],
    [63, [32, 32]],
    [300, [128, 128, 32, 8, 8]],
  ])('cuts %i tokens into chunks %o', (prompt, expected) => {
    expect(lengths(prompt)).toEqual(expected)
  })

  it('takes every prompt, and never wastes more than half of a chunk', () => {
    for (let left = 1; left < 600; left++) {
      const chunk = chunkFor(left, CHUNKS)
      expect(CHUNKS).toContain(chunk)
      expect(chunk).toBeLessThanOrEqual(2 * left)
    }
    expect(lengths(5, [1])).toEqual([1, 1, 1, 1, 1])
  })
})

describe('candidatesOf', () => {
  /** What the GPU leaves of a row (ops/top-logits.ts). */
  function result(row: Float32Array, temperature: number, block = 1024): Uint8Array<ArrayBuffer> {
    const ranked = rankAll(row, 1)
    const blocks = Math.ceil(row.length / block)
    const bytes = new Uint8Array(512 + blocks * 12)
    const words = new Uint32Array(bytes.buffer)
    const floats = new Float32Array(bytes.buffer)
    for (let i = 0; i < TOP_CANDIDATES; i++) {
      words[2 * i] = ranked.tokens[i] ?? 0xffffffff
      if (i < row.length) floats[2 * i + 1] = ranked.logits[i]
    }
    for (let b = 0; b < blocks; b++) {
      const part = row.subarray(b * block, (b + 1) * block)
      const largest = Math.max(...part)
      floats[128 + 3 * b] = largest
      floats[128 + 3 * b + 1] = part.reduce((sum, x) => sum + Math.exp(x - largest), 0)
      floats[128 + 3 * b + 2] = part.reduce((sum, x) => sum + Math.exp((x - largest) / temperature), 0)
    }
    return bytes
  }

  it.each([40, 64, 3000])('puts the sums of a row of %i tokens together', (length) => {
    const row = Float32Array.from(uniformValues(length, 2, -30, 30))
    const whole = rankAll(row, 0.7)
    const candidates = candidatesOf(result(row, 0.7), length, 0.7)
    expect(candidates.logSum).toBeCloseTo(whole.logSum, 5)
    expect(candidates.temperedLogSum).toBeCloseTo(whole.temperedLogSum, 5)
    expect(candidates.complete).toBe(length <= TOP_CANDIDATES)
    expect([...Array.from(candidates.tokens)]).toEqual([...Array.from(whole.tokens)].slice(0, TOP_CANDIDATES))
    expect([...Array.from(candidates.logits)]).toEqual([...Array.from(whole.logits)].slice(0, TOP_CANDIDATES))
  })
})
