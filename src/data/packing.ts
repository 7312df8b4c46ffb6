import type { Sequence } from './sequence.ts'

/**
 * Packs sequences into ones of at most maxSeqLength tokens: in order, each into the open pack when it fits there, else
 * into a new one; none is split. Every document keeps a segment (0, 1, … within its pack) and positions from 0, so that
 * packed documents train exactly as separate ones do.
 */
export function pack(sequences: readonly Sequence[], maxSeqLength: number): Sequence[] {
  const packs: Sequence[] = []
  let open: Sequence[] = []
  let used = 0
  const close = () => {
    if (open.length > 0) packs.push(join(open, used))
    open = []
    used = 0
  }
  for (const sequence of sequences) {
    if (used + sequence.inputIds.length > maxSeqLength) close()
    open.push(sequence)
    used += sequence.inputIds.length
  }
  close()
  return packs
}

function join(parts: readonly Sequence[], length: number): Sequence {
  const inputIds = new Uint32Array(length)
  const labels = new Int32Array(length)
  const positionIds = new Uint32Array(length)
  const segmentIds = new Uint32Array(length)
  const rows: number[] = []
  const endOfTurn: number[] = []
  let offset = 0
  parts.forEach((part, segment) => {
    inputIds.set(part.inputIds, offset)
    labels.set(part.labels, offset)
    for (let t = 0; t < part.inputIds.length; t++) positionIds[offset + t] = t
    segmentIds.fill(segment, offset, offset + part.inputIds.length)
    for (const t of part.endOfTurn ?? []) endOfTurn.push(offset + t)
    for (const row of part.rows) if (!rows.includes(row)) rows.push(row)
    offset += part.inputIds.length
  })
  const segmentRows = parts.map((part) => part.rows[0])
  return { inputIds, labels, positionIds, segmentIds, rows, segmentRows, endOfTurn }
}
