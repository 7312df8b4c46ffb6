import { describe, expect, it } from 'vitest'
import { ParameterPool } from './pool.ts'

/** Tensors of 64, 130, 1, 400 and 64 elements: 64, 192, 64, 448 and 64 with their gaps. */
function filled(maxSegmentBytes?: number): ParameterPool {
  const pool = new ParameterPool('p', 'weights', maxSegmentBytes)
  for (const elements of [64, 130, 1, 400, 64]) pool.add(`t${elements}`, [elements])
  return pool
}

const places = (pool: ParameterPool) =>
  pool.tensors.map(({ home }) => (home.kind === 'pool' ? [home.key, home.offset] : null))

describe('ParameterPool', () => {
  it('lays tensors end to end on multiples of 256 bytes, gradients likewise', () => {
    const pool = filled()
    expect(places(pool)).toEqual([
      ['p', 0],
      ['p', 256],
      ['p', 1024],
      ['p', 1280],
      ['p', 3072],
    ])
    expect(pool.tensors.map(({ gradient }) => gradient?.home)).toEqual(
      pool.tensors.map(({ home }) => ({ ...home, key: 'p.gradient' })),
    )
    expect(pool.elements).toBe(832)
    expect(pool.trainableElements).toBe(659)
    expect(pool.values()).toHaveLength(1)
  })

  it('opens a further buffer where a tensor has no room, and gives one that is too large its own', () => {
    const pool = filled(1024)
    expect(places(pool)).toEqual([
      ['p', 0],
      ['p', 256],
      ['p.1', 0],
      ['p.2', 0],
      ['p.3', 0],
    ])
    expect(pool.segments.map(({ firstElement, elements }) => [firstElement, elements])).toEqual([
      [0, 256],
      [256, 64],
      [320, 448],
      [768, 64],
    ])
    // In all it is the same pool: what a checkpoint holds of one fits the other.
    expect(pool.elements).toBe(filled().elements)
    for (const vectors of [pool.values(), pool.gradients(), pool.companion('m')])
      expect(vectors.map(({ sizeBytes }) => sizeBytes)).toEqual([1024, 256, 1792, 256])
    expect(pool.companion('m').map(({ name }) => name)).toEqual(['p.m', 'p.1.m', 'p.2.m', 'p.3.m'])
  })

  it('cuts a range where buffers meet', () => {
    const pool = filled(1024)
    expect(pool.cut({ firstElement: 192, elements: 192 })).toEqual([
      { segment: 0, firstElement: 192, elements: 64 },
      { segment: 1, firstElement: 256, elements: 64 },
      { segment: 2, firstElement: 320, elements: 64 },
    ])
    expect(pool.cut({ firstElement: 0, elements: 256 })).toHaveLength(1)
    expect(pool.cut({ firstElement: 800, elements: 999 })).toEqual([
      { segment: 3, firstElement: 800, elements: 32 },
    ])
  })
})
