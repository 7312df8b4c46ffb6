import type { RunRecord } from '../../stores/history-record.ts'

const COLORS = 6
/** Patterns that tell curves apart without their colours. */
const DASHES = [undefined, '8 5', '2 5', '10 4 2 4', '5 3', '14 4']

/** How the how-manieth ticked run is drawn: everywhere the same. */
export function lookOf(place: number): { color: string; dash: string | undefined } {
  const round = Math.floor(place / COLORS)
  return {
    color: `var(--nibble-run-${(place % COLORS) + 1})`,
    dash: DASHES[(place + round) % DASHES.length],
  }
}

/** Names of runs for a picture; two of the same name get their dates. */
export function namesOf(records: readonly RunRecord[]): string[] {
  return records.map((record) =>
    records.some((other) => other !== record && other.name === record.name)
      ? `${record.name} (${formatDate(record.startedAt)})`
      : record.name,
  )
}

const dateFormat = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
})
const wholeDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })

export const formatDate = (time: number): string => dateFormat.format(time)
export const formatWholeDate = (time: number): string => wholeDate.format(time)

/** What a run of this recipe makes. */
export const madeBy = ({ config }: Pick<RunRecord, 'config'>): 'adapter' | 'weights' =>
  config.method === 'full' ? 'weights' : 'adapter'

/** What a run made takes in the browser's storage. */
export const filesBytes = ({ files }: Pick<RunRecord, 'files'>): number =>
  files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
