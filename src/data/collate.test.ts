import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketLength, collate } from './collate.ts'
import { countSupervised, type Sequence } from './sequence.ts'

const X = -100
const sequence = (ids: number[], labels: number[], more: Partial<Sequence> = {}): Sequence => ({
  inputIds: Uint32Array.from(ids),
  labels: Int32Array.from(labels),
  rows: [0],
  ...more,
})

describe('collate', () => {
  it('shifts labels, pads on the right in a segment of its own and fills up missing rows', () => {
    const batch = collate(
      [
        sequence([7, 8, 9], [X, 8, 9], { rows: [4] }),
        sequence([5, 6, 5, 6, 5], [5, 6, X, 6, 5], {
          rows: [2, 4],
          segmentIds: Uint32Array.of(0, 0, 0, 3, 3),
        }),
      ],
      { batchSize: 3 },
    )
    expect(batch).toEqual({
      batchSize: 3,
      sequenceLength: 5,
      inputIds: Uint32Array.of(7, 8, 9, 0, 0, 5, 6, 5, 6, 5, 0, 0, 0, 0, 0),
      // Row 2: the last label of segment 0 has nothing after it; the first of segment 3 has nothing before it.
      targets: Int32Array.of(8, 9, -1, -1, -1, 6, -1, -1, 5, -1, -1, -1, -1, -1, -1),
      positionIds: Uint32Array.of(0, 1, 2, 0, 1, 0, 1, 2, 0, 1, 0, 1, 2, 3, 4),
      segmentIds: Uint32Array.of(0, 0, 0, 1, 1, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0),
      supervisedTokens: 4,
      tokens: 8,
      rows: [4, 2],
    })
  })

  it('keeps given positions and rounds up to a given length', () => {
    const batch = collate([sequence([1, 2], [1, 2], { positionIds: Uint32Array.of(9, 4) })], {
      batchSize: 1,
      sequenceLength: 4,
    })
    expect([...batch.positionIds]).toEqual([9, 4, 0, 1])
    expect([...batch.targets]).toEqual([2, -1, -1, -1])
  })

  it('refuses what does not fit', () => {
    expect(() => collate([sequence([1, 2], [1, 2])], { batchSize: 1, sequenceLength: 1 })).toThrow(
      /do not fit/,
    )
    expect(() => collate([sequence([1], [1]), sequence([1], [1])], { batchSize: 1 })).toThrow(/do not fit/)
  })

  it('supervises position t iff t+1 is in the row, labelled and of the same segment', () => {
    const row = fc
      .array(fc.record({ id: fc.nat(99), masked: fc.boolean(), breaks: fc.boolean() }), {
        minLength: 1,
        maxLength: 12,
      })
      .map((tokens) => {
        let segment = 0
        const segmentIds = tokens.map(({ breaks }) => (breaks ? ++segment : segment))
        return sequence(
          tokens.map(({ id }) => id),
          tokens.map(({ id, masked }) => (masked ? X : id)),
          { segmentIds: Uint32Array.from(segmentIds) },
        )
      })
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 3 }),
        fc.nat(5),
        fc.nat(2),
        (rows, extra, missing) => {
          const longest = Math.max(...rows.map(({ inputIds }) => inputIds.length))
          const T = longest + extra
          const batch = collate(rows, { batchSize: rows.length + missing, sequenceLength: T })
          let supervised = 0
          for (let b = 0; b < batch.batchSize; b++) {
            const given = rows[b]
            for (let t = 0; t < T; t++) {
              const next = given && t + 1 < given.labels.length ? given.labels[t + 1] : X
              const expected = next !== X && given.segmentIds?.[t] === given.segmentIds?.[t + 1] ? next : -1
              expect(batch.targets[b * T + t]).toBe(expected)
              if (expected >= 0) supervised++
              const isPadding = !given || t >= given.inputIds.length
              if (isPadding && given)
                expect([...(given.segmentIds as Uint32Array)]).not.toContain(batch.segmentIds[b * T + t])
              expect(batch.positionIds[b * T + t]).toBeLessThan(T)
            }
          }
          expect(batch.supervisedTokens).toBe(supervised)
          expect(rows.reduce((sum, each) => sum + countSupervised(each), 0)).toBe(supervised)
        },
      ),
    )
  })
})

describe('bucketLength', () => {
  it('gives at most eight lengths, none shorter than what goes in', () => {
    for (const maxSeqLength of [2, 31, 64, 100, 512, 4096]) {
      const lengths = new Set<number>()
      for (let longest = 1; longest <= maxSeqLength; longest++) {
        const bucket = bucketLength(longest, maxSeqLength)
        expect(bucket).toBeGreaterThanOrEqual(longest)
        expect(bucket).toBeLessThanOrEqual(maxSeqLength)
        lengths.add(bucket)
      }
      expect(lengths.size).toBeLessThanOrEqual(8)
    }
    expect(bucketLength(700, 512)).toBe(700)
  })
})
