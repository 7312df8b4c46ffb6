import type { RunRecord } from '../../stores/history-record.ts'

export type SortKey =
  | 'name'
  | 'model'
  | 'dataset'
  | 'status'
  | 'step'
  | 'lastLoss'
  | 'evalLoss'
  | 'tokensPerSecond'
  | 'durationMs'
  | 'sizeBytes'
  | 'startedAt'

const words = new Intl.Collator(undefined, { numeric: true })

/** Runs in the order of a column. What has no figure there, or none that is a number, comes last either way. */
export function sortedRuns(records: readonly RunRecord[], key: SortKey, descending: boolean): RunRecord[] {
  const sign = descending ? -1 : 1
  return [...records].sort((one, other) => {
    const a = one[key]
    const b = other[key]
    if (typeof a === 'string' && typeof b === 'string') return sign * words.compare(a, b)
    const hasA = typeof a === 'number' && !Number.isNaN(a)
    const hasB = typeof b === 'number' && !Number.isNaN(b)
    if (!hasA || !hasB) return Number(hasB) - Number(hasA)
    return sign * (a - b)
  })
}
