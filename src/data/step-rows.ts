import type { Tokenizer } from '../formats/tokenizer.ts'
import { type PreviewRow, previewRow } from './report.ts'
import type { Sequence } from './sequence.ts'
import type { StepSequences } from './training-data.ts'

/** A dataset row as a step was trained on it. */
export interface StepRow extends PreviewRow {
  /** 1-based place of its sequence among the step's, all micro-batches together; packed rows share one. */
  sequence: number
}

/** The rows of one step of a run. Plain data: it crosses the worker. */
export interface StepRows {
  step: number
  /** 0-based. */
  epoch: number
  microBatches: number
  sequences: number
  /** How many there are in all. */
  rowCount: number
  /** The first of them, token by token. */
  rows: StepRow[]
}

/** More rows and tokens than anybody reads, and than a page shows without getting slow. */
const MOST_ROWS = 200
const MOST_TOKENS = 20_000

/** What a step was trained on, row by row in the order of its batches. */
export function stepRows(step: number, { epoch, rows }: StepSequences, tokenizer?: Tokenizer): StepRows {
  const parts = rows
    .flat()
    .flatMap((sequence, place) =>
      documentsOf(sequence).map((document) => ({ document, sequence: place + 1 })),
    )
  const shown: StepRow[] = []
  let tokens = 0
  for (const { document, sequence } of parts.slice(0, MOST_ROWS)) {
    tokens += document.inputIds.length
    if (shown.length > 0 && tokens > MOST_TOKENS) break
    const {
      rows: [row],
      endOfTurn = [],
      inputIds,
    } = document
    const example = { ...document, row, endOfTurn, fullLength: inputIds.length }
    shown.push({ ...previewRow(example, tokenizer), sequence })
  }
  return {
    step,
    epoch,
    microBatches: rows.length,
    sequences: rows.reduce((sum, { length }) => sum + length, 0),
    rowCount: parts.length,
    rows: shown,
  }
}

/** A pack as the examples it is made of. A row of token ids with segments of its own stays whole. */
function documentsOf(sequence: Sequence): Sequence[] {
  const { inputIds, labels, segmentIds, segmentRows, endOfTurn = [] } = sequence
  if (!segmentIds || !segmentRows) return [sequence]
  return segmentRows.map((row, segment) => {
    const from = segmentIds.indexOf(segment)
    const to = segmentIds.lastIndexOf(segment) + 1
    return {
      rows: [row],
      inputIds: inputIds.slice(from, to),
      labels: labels.slice(from, to),
      endOfTurn: endOfTurn.filter((t) => t >= from && t < to).map((t) => t - from),
    }
  })
}
