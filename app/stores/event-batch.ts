import type { RunEvent } from '../../src/session/events.ts'

/** Charts change at most this often; a fast run has hundreds of events a second. */
export const BATCH_INTERVAL_MS = 250

/** Events that people wait for: they go through at once, with all that came before them. */
const URGENT: ReadonlySet<RunEvent['type']> = new Set([
  'run/started',
  'run/paused',
  'run/resumed',
  'run/device-lost',
  'run/finished',
  'run/failed',
  'run/warning',
])

/** Collects events and hands them on in order, together, a few times a second. */
export function batchEvents(apply: (events: RunEvent[]) => void, intervalMs = BATCH_INTERVAL_MS) {
  let waiting: RunEvent[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    const events = waiting
    waiting = []
    apply(events)
  }
  return {
    push(event: RunEvent) {
      waiting.push(event)
      if (URGENT.has(event.type)) flush()
      else timer ??= setTimeout(flush, intervalMs)
    },
    flush,
  }
}
