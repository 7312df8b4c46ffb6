import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collate } from './collate.ts'
import { pack } from './packing.ts'
import { countSupervised, type Sequence } from './sequence.ts'

const MAX = 16

const documents = fc
  .array(fc.array(fc.record({ id: fc.nat(999), masked: fc.boolean() }), { minLength: 1, maxLength: MAX }), {
    maxLength: 30,
  })
  .map((all) =>
    all.map(
      (tokens, row): Sequence => ({
        inputIds: Uint32Array.from(tokens, ({ id }) => id),
        labels: Int32Array.from(tokens, ({ id, masked }) => (masked ? -100 : id)),
        rows: [row],
      }),
    ),
  )

/** The documents that a packed sequence holds, cut at its segments. */
function unpack({ inputIds, labels, positionIds, segmentIds }: Sequence) {
  const found: { ids: number[]; labels: number[]; positions: number[] }[] = []
  inputIds.forEach((id, t) => {
    const segment = segmentIds?.[t] as number
    found[segment] ??= { ids: [], labels: [], positions: [] }
    found[segment].ids.push(id)
    found[segment].labels.push(labels[t])
    found[segment].positions.push(positionIds?.[t] as number)
  })
  return found
}

describe('pack', () => {
  it('keeps every document whole, in order, with its labels, in packs that are not too long', () => {
    fc.assert(
      fc.property(documents, (sequences) => {
        const packs = pack(sequences, MAX)
        expect(packs.flatMap((each) => each.rows)).toEqual(sequences.map((_, row) => row))
        const unpacked = packs.flatMap(unpack)
        expect(unpacked.map(({ ids }) => ids)).toEqual(sequences.map(({ inputIds }) => [...inputIds]))
        expect(unpacked.map(({ labels }) => labels)).toEqual(sequences.map(({ labels }) => [...labels]))
        for (const { positions } of unpacked) expect(positions).toEqual(positions.map((_, t) => t))
        for (const { inputIds } of packs) expect(inputIds.length).toBeLessThanOrEqual(MAX)
      }),
    )
  })

  it('is greedy: no pack could have taken the first document of the next', () => {
    fc.assert(
      fc.property(documents, (sequences) => {
        const packs = pack(sequences, MAX)
        for (let i = 0; i + 1 < packs.length; i++) {
          const next = unpack(packs[i + 1])[0].ids.length
          expect(packs[i].inputIds.length + next).toBeGreaterThan(MAX)
        }
      }),
    )
  })

  it('supervises exactly what the separate documents supervise', () => {
    fc.assert(
      fc.property(documents, (sequences) => {
        const targetsOf = (all: readonly Sequence[]) =>
          all.flatMap((each) =>
            [...collate([each], { batchSize: 1 }).targets].filter((target) => target >= 0),
          )
        const packs = pack(sequences, MAX)
        expect(targetsOf(packs)).toEqual(targetsOf(sequences))
        const count = (all: readonly Sequence[]) => all.reduce((sum, each) => sum + countSupervised(each), 0)
        expect(count(packs)).toBe(count(sequences))
      }),
    )
  })
})
