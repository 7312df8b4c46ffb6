import fc from 'fast-check'
import { expect, it } from 'vitest'
import { layOutArena } from './arena.ts'
import { alignRange } from './pool.ts'
import type { Tensor } from './tensor.ts'

const tensor = (sizeBytes: number): Tensor => ({
  name: 't',
  shape: [sizeBytes / 4],
  format: 'f32',
  sizeBytes,
  home: { kind: 'activation' },
  bytes: {},
})

const lifetimes = fc
  .array(fc.record({ words: fc.integer({ min: 1, max: 500 }), first: fc.nat(30), length: fc.nat(10) }), {
    maxLength: 40,
  })
  .map((entries) =>
    entries.map(({ words, first, length }) => ({ tensor: tensor(words * 4), first, last: first + length })),
  )

it('never overlaps tensors that are alive together, and keeps within its chunks', () => {
  fc.assert(
    fc.property(lifetimes, (lives) => {
      const { places, chunkBytes } = layOutArena(lives, 4096)
      const placed = lives.map((life) => {
        const place = places.get(life.tensor)
        if (!place) throw new Error('not placed')
        return { ...life, ...place, end: place.offset + alignRange(life.tensor.sizeBytes) }
      })
      for (const a of placed) {
        expect(a.offset % 256).toBe(0)
        expect(a.end).toBeLessThanOrEqual(chunkBytes[a.chunk])
        expect(chunkBytes[a.chunk]).toBeLessThanOrEqual(4096)
        for (const b of placed) {
          if (a === b || a.chunk !== b.chunk || a.last < b.first || b.last < a.first) continue
          expect(a.end <= b.offset || b.end <= a.offset).toBe(true)
        }
      }
    }),
  )
})

it('reuses the bytes of what has died', () => {
  const [a, b] = [tensor(1024), tensor(1024)]
  const { chunkBytes } = layOutArena(
    [
      { tensor: a, first: 0, last: 1 },
      { tensor: b, first: 2, last: 3 },
    ],
    4096,
  )
  expect(chunkBytes).toEqual([1024])
})

it('refuses a tensor that one binding cannot cover, by name', () => {
  expect(() =>
    layOutArena([{ tensor: { ...tensor(8192), name: 'logits' }, first: 0, last: 0 }], 4096),
  ).toThrow(/logits needs 8192/)
})
