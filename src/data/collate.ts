import { StudioError } from '../util/errors.ts'
import type { Batch } from './batch.ts'
import { isTrained, type Sequence } from './sequence.ts'

export interface CollateOptions {
  /** Rows of the batch; missing ones are filled with padding. */
  batchSize: number
  /** T; default the longest sequence. A caller may round up to a bucket. */
  sequenceLength?: number
}

/**
 * Lays sequences out as one micro-batch. Padding stands on the right, is known by its place (never by its id) and has a
 * segment of its own, so that neither its id (0) nor its positions can matter.
 */
export function collate(
  sequences: readonly Sequence[],
  { batchSize, sequenceLength }: CollateOptions,
): Batch {
  const longest = longestOf(sequences)
  const T = sequenceLength ?? longest
  if (sequences.length > batchSize || longest > T || T === 0) {
    throw new StudioError(
      'data/batch-shape',
      `${sequences.length} sequences of at most ${longest} tokens do not fit a batch of ${batchSize} × ${T}`,
    )
  }
  const batch: Batch = {
    batchSize,
    sequenceLength: T,
    inputIds: new Uint32Array(batchSize * T),
    targets: new Int32Array(batchSize * T).fill(-1),
    positionIds: new Uint32Array(batchSize * T),
    segmentIds: new Uint32Array(batchSize * T),
    supervisedTokens: 0,
    tokens: 0,
    rows: [],
  }
  for (let b = 0; b < batchSize; b++) placeRow(batch, b, sequences[b])
  return batch
}

export const longestOf = (sequences: readonly Sequence[]): number =>
  sequences.reduce((most, { inputIds }) => Math.max(most, inputIds.length), 0)

function placeRow(batch: Batch, b: number, sequence: Sequence | undefined): void {
  const { sequenceLength: T, inputIds, targets, positionIds, segmentIds } = batch
  const offset = b * T
  const length = sequence?.inputIds.length ?? 0
  let paddingSegment = 0
  if (sequence) {
    inputIds.set(sequence.inputIds, offset)
    if (sequence.segmentIds) segmentIds.set(sequence.segmentIds, offset)
    if (sequence.positionIds) positionIds.set(sequence.positionIds, offset)
    for (let t = 0; t < length; t++) {
      paddingSegment = Math.max(paddingSegment, segmentIds[offset + t] + 1)
      const continues = t > 0 && segmentIds[offset + t] === segmentIds[offset + t - 1]
      if (!sequence.positionIds) positionIds[offset + t] = continues ? positionIds[offset + t - 1] + 1 : 0
      if (isTrained(sequence, t)) {
        targets[offset + t - 1] = sequence.labels[t]
        batch.supervisedTokens++
      }
    }
    batch.tokens += length
    for (const row of sequence.rows) if (!batch.rows.includes(row)) batch.rows.push(row)
  }
  for (let t = length; t < T; t++) {
    segmentIds[offset + t] = paddingSegment
    positionIds[offset + t] = t - length
  }
}

/**
 * Rounds a batch's longest row up to one of eight lengths, so that few plans serve all batches. Rows longer than
 * maxSeqLength (token rows are never cut) keep their length.
 */
export function bucketLength(longest: number, maxSeqLength: number): number {
  if (longest >= maxSeqLength) return longest
  const step = Math.max(8, Math.ceil(maxSeqLength / 8))
  return Math.min(maxSeqLength, Math.ceil(longest / step) * step)
}
