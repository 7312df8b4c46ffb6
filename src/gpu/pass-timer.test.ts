import { describe, expect, it } from 'vitest'
import { sumTimes, type TimedPhase, timedPhase } from './pass-timer.ts'

const MS = 1_000_000n
const sums = (spans: [TimedPhase, begin: bigint, end: bigint][]) =>
  sumTimes(
    spans.map(([phase]) => phase),
    BigUint64Array.from(spans.flatMap(([, begin, end]) => [begin * MS, end * MS])),
  )

it('a forward that is replayed is part of the backward; loading weights is no part of a step', () => {
  expect(timedPhase('recompute')).toBe('backward')
  expect(timedPhase('load')).toBeNull()
})

describe('times of passes', () => {
  it('are summed by phase, and what lies between passes belongs to none', () => {
    expect(
      sums([
        ['forward', 10n, 12n],
        ['forward', 13n, 14n],
        ['backward', 14n, 19n],
        ['forward', 20n, 21n],
        ['backward', 21n, 24n],
        ['update', 30n, 31n],
      ]),
    ).toEqual({ forwardMs: 4, backwardMs: 8, updateMs: 1, endedAtMs: 31 })
  })

  it('count once where two passes overlap', () => {
    expect(
      sums([
        ['forward', 10n, 14n],
        ['backward', 13n, 20n],
      ]),
    ).toMatchObject({ forwardMs: 4, backwardMs: 6 })
  })

  it('are dropped together where one was not taken or the clock went back', () => {
    const fine: [TimedPhase, bigint, bigint] = ['forward', 10n, 12n]
    expect(sums([fine, ['backward', 0n, 0n]])).toBeNull()
    expect(sums([fine, ['backward', 13n, 0n]])).toBeNull()
    expect(sums([fine, ['backward', 14n, 13n]])).toBeNull()
    expect(sums([fine, ['backward', 9n, 13n]])).toBeNull()
    expect(sums([fine, ['backward', 10n, 11n]])).toBeNull()
    expect(sums([])).toBeNull()
  })
})
