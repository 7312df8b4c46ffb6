import { IGNORE_INDEX } from './row-shapes.ts'

/** What takes one row of a batch: one example, or several packed ones. All lists are of one length. */
export interface Sequence {
  inputIds: Uint32Array
  /** Token t's own label (not shifted), IGNORE_INDEX where it is not to be predicted. */
  labels: Int32Array
  /** Default: restart at 0 with each segment. */
  positionIds?: Uint32Array
  /** Default: one segment. */
  segmentIds?: Uint32Array
  /** 0-based dataset rows that it is made of. */
  rows: number[]
  /** The row of each segment, where several examples are packed. */
  segmentRows?: number[]
  /** Indices of the tokens that end an answer (end-of-turn or EOS). */
  endOfTurn?: number[]
}

/**
 * Whether token t is learned: its label is not IGNORE_INDEX and the token before it, which predicts it, is of the same
 * segment. (In terms of targets: position t−1 is supervised.)
 */
export function isTrained(sequence: Sequence, t: number): boolean {
  const { labels, segmentIds } = sequence
  return (
    t > 0 && labels[t] !== IGNORE_INDEX && (segmentIds === undefined || segmentIds[t] === segmentIds[t - 1])
  )
}

export function countSupervised(sequence: Sequence): number {
  let count = 0
  for (let t = 1; t < sequence.labels.length; t++) if (isTrained(sequence, t)) count++
  return count
}
