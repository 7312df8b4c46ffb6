import { describe, expect, it } from 'vitest'
import type { StepMetrics } from '../../src/session/events.ts'
import { StepSeries } from './step-series.ts'

const step = (
  number: number,
  metrics: StepMetrics['metrics'] = { 'train/loss': 10 / number },
): StepMetrics => ({
  step: number,
  metrics,
})
const upTo = (count: number) => StepSeries.from(Array.from({ length: count }, (_, index) => step(index + 1)))

describe('StepSeries', () => {
  it('gives back every step as it came, absent metrics and NaN included', () => {
    const steps = [step(1), step(2, { 'train/loss': Number.NaN, 'optimizer/lr': 1e-3 }), step(3, {}), step(4)]
    const series = StepSeries.from(steps)
    expect([...series]).toEqual(steps)
    expect(series.notFinite('train/loss')).toBe(1)
    expect([...series.values('optimizer/lr')]).toEqual([Number.NaN, 1e-3, Number.NaN, Number.NaN])
    expect(series.has('optimizer/grad_norm')).toBe(false)
  })

  it('is a value: neither additions nor another branch are seen by an older series', () => {
    const base = upTo(3)
    const one = base.append(step(4, { 'train/loss': 44 }))
    const other = base.append(step(4, { 'train/loss': 55, 'optimizer/lr': 1 }))
    expect(base.length).toBe(3)
    expect(base.last?.step).toBe(3)
    expect(one.last?.metrics).toEqual({ 'train/loss': 44 })
    expect(other.last?.metrics).toEqual({ 'train/loss': 55, 'optimizer/lr': 1 })
    expect(one.at(3)?.metrics).toEqual({ 'train/loss': 44 })
  })

  it('goes on from an earlier step without what came after it', () => {
    const resumed = upTo(10)
      .until(6)
      .append(step(7, { 'train/loss': 70 }))
    expect([...resumed.steps]).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(resumed.at(-1)?.metrics['train/loss']).toBe(70)
    expect(upTo(10).until(0).length).toBe(0)
  })

  it('survives being cut into chunks, and ignores steps that it has', () => {
    const series = StepSeries.from([step(1), step(2, {}), step(3), step(5), step(8)])
    const joined = StepSeries.empty
      .appendChunk(structuredClone(series.chunk(0, 3)))
      .appendChunk(structuredClone(series.chunk(2)))
    expect([...joined]).toEqual([...series])
  })

  it('takes 50,000 steps in time that grows no faster than their number', () => {
    const elapsed = (count: number) => {
      const from = performance.now()
      upTo(count)
      return performance.now() - from
    }
    elapsed(5000)
    const few = Math.max(elapsed(5000), 1)
    expect(elapsed(50_000)).toBeLessThan(few * 40)
  })
})
