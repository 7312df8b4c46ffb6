import { useEffect, useState } from 'react'
import { useHistory, useStudio } from '../../stores/context.tsx'
import type { KeptRun } from '../../stores/history-record.ts'

/** The curves of these runs as they are read, in the order asked for; those under way are read again as they grow. */
export function useKeptRuns(ids: readonly string[]): { runs: KeptRun[]; reading: boolean } {
  const { history } = useStudio()
  const [kept, setKept] = useState<ReadonlyMap<string, KeptRun | null>>(new Map())
  const stamps = useHistory(({ records }) =>
    ids.map((id) => `${id} ${records.find((record) => record.id === id)?.updatedAt ?? ''}`).join('\n'),
  )
  useEffect(() => {
    let wanted = true
    const read = async () => {
      for (const id of stamps.split('\n').map((stamp) => stamp.slice(0, stamp.indexOf(' ')))) {
        if (id === '') continue
        const run = await history.read(id).catch(() => null)
        if (!wanted) return
        setKept((before) => new Map(before).set(id, run))
      }
    }
    void read()
    return () => {
      wanted = false
    }
  }, [history, stamps])
  const runs = ids.flatMap((id) => kept.get(id) ?? [])
  return { runs, reading: ids.some((id) => !kept.has(id)) }
}
