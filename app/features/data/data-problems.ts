import type { DatasetSummary } from '../../../src/session/reports.ts'

/** Rows longer than `limit` tokens. */
export const rowsCut = (lengthCounts: DatasetSummary['lengthCounts'], limit: number): number =>
  lengthCounts.reduce((sum, [length, count]) => (length > limit ? sum + count : sum), 0)

/** Whether rows are cut at maxSeqLength: token rows are used as they are, a document is cut into blocks. */
export const canBeCut = ({ fileFormat, columnMapping }: DatasetSummary): boolean =>
  fileFormat !== 'document' && columnMapping.shape !== 'tokens'

export interface CutProblem {
  rows: number
  /** The length at which nothing is cut, or as much as the model takes; null where that is no more than now. */
  raiseTo: number | null
  /** Rows that are cut even then. */
  stillCut: number
}

/** What of the rows is lost beyond maxSeqLength; null where nothing is. */
export function cutProblem(
  summary: DatasetSummary,
  maxSeqLength: number,
  contextLength: number,
): CutProblem | null {
  if (!canBeCut(summary)) return null
  const rows = rowsCut(summary.lengthCounts, maxSeqLength)
  if (rows === 0) return null
  const length = Math.min(summary.longestTokens, contextLength)
  return {
    rows,
    raiseTo: length > maxSeqLength ? length : null,
    stillCut: rowsCut(summary.lengthCounts, length),
  }
}
