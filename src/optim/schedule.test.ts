import { describe, expect, it } from 'vitest'
import { learningRateAt } from './schedule.ts'

const at = (schedule: 'constant' | 'linear' | 'cosine', t: number, warmupSteps = 4) =>
  learningRateAt({ lr: 2, schedule, warmupSteps }, t, 14)

describe('learningRateAt', () => {
  it('rises linearly over the warm-up', () => {
    expect([1, 2, 3, 4].map((t) => at('cosine', t))).toEqual([0.5, 1, 1.5, 2])
  })

  it('has the full rate right after it', () => {
    for (const schedule of ['constant', 'linear', 'cosine'] as const) expect(at(schedule, 5)).toBe(2)
  })

  it('falls as the contract says', () => {
    expect(at('constant', 14)).toBe(2)
    expect(at('linear', 10)).toBeCloseTo(2 * (1 - 5 / 10), 12)
    expect(at('cosine', 10)).toBeCloseTo(1, 12)
    expect(at('cosine', 14)).toBeCloseTo(1 + Math.cos(Math.PI * 0.9), 12)
  })

  it('needs no warm-up', () => {
    expect(at('linear', 1, 0)).toBe(2)
  })
})
