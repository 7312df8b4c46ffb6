import { StudioError } from '../util/errors.ts'
import type { Lifetime } from './liveness.ts'
import { alignRange } from './pool.ts'
import type { Tensor } from './tensor.ts'

export interface ArenaPlace {
  chunk: number
  offset: number
}

export interface ArenaLayout {
  places: Map<Tensor, ArenaPlace>
  /** Bytes of each chunk; a chunk never exceeds what one binding may cover. */
  chunkBytes: number[]
}

interface Placed extends Lifetime {
  start: number
  end: number
}

/**
 * Packs arena tensors so that those alive at the same time never overlap: largest first, each at the lowest offset
 * that is free over its whole life; a further chunk is opened only when none has room. Deterministic.
 */
export function layOutArena(lifetimes: readonly Lifetime[], maxChunkBytes: number): ArenaLayout {
  const places = new Map<Tensor, ArenaPlace>()
  const chunks: Placed[][] = []
  const order = [...lifetimes].sort((a, b) => b.tensor.sizeBytes - a.tensor.sizeBytes || a.first - b.first)
  for (const lifetime of order) {
    const size = alignRange(lifetime.tensor.sizeBytes)
    if (size > maxChunkBytes) {
      throw new StudioError(
        'plan/tensor-too-large',
        `${lifetime.tensor.name} needs ${size} bytes in one piece, this device binds at most ${maxChunkBytes}`,
        { hint: 'Lower the batch size or the sequence length.' },
      )
    }
    const chunk = chunks.findIndex((placed) => lowestOffset(placed, lifetime, size) + size <= maxChunkBytes)
    const index = chunk === -1 ? chunks.push([]) - 1 : chunk
    const offset = lowestOffset(chunks[index], lifetime, size)
    insertByStart(chunks[index], { ...lifetime, start: offset, end: offset + size })
    places.set(lifetime.tensor, { chunk: index, offset })
  }
  return {
    places,
    chunkBytes: chunks.map((placed) => placed.reduce((max, { end }) => Math.max(max, end), 0)),
  }
}

function lowestOffset(placed: readonly Placed[], lifetime: Lifetime, size: number): number {
  let offset = 0
  for (const other of placed) {
    if (other.last < lifetime.first || other.first > lifetime.last) continue
    if (other.start >= offset + size) break
    offset = Math.max(offset, other.end)
  }
  return offset
}

function insertByStart(placed: Placed[], entry: Placed): void {
  const at = placed.findIndex((other) => other.start > entry.start)
  placed.splice(at === -1 ? placed.length : at, 0, entry)
}
