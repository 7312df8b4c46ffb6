import type { RunEvent } from '../../src/session/events.ts'

/** What was allocated at a moment of a run. */
export interface MemoryReading extends Omit<Told, 'type' | 'bytes'> {
  bytes: Partial<Record<MemoryUse, number>>
}
export type MemoryUse = keyof Told['bytes']
type Told = Extract<RunEvent, { type: 'memory/gpu_bytes' }>

/** A run's memory over its time. */
export interface MemoryTimeline {
  /** The largest buffer that the device allows; null where the run did not tell. */
  maxBufferBytes: number | null
  /** Milliseconds of the run before the engine's present ones, which begin at 0 where a run goes on. */
  offsetMs: number
  /** Only where something changes: of readings that are the same, the first and the last. */
  readings: readonly MemoryReading[]
}

export const emptyTimeline: MemoryTimeline = { maxBufferBytes: null, offsetMs: 0, readings: [] }

export function withReading(timeline: MemoryTimeline, reading: MemoryReading): MemoryTimeline {
  const { readings, offsetMs } = timeline
  const added = { ...reading, atMs: reading.atMs + offsetMs }
  const isRepeated = [readings.at(-1), readings.at(-2)].every((before) => before && isSame(before, added))
  return { ...timeline, readings: [...(isRepeated ? readings.slice(0, -1) : readings), added] }
}

/** The same run goes on: what comes now is later than all that was. */
export const goingOn = (timeline: MemoryTimeline): MemoryTimeline => ({
  ...timeline,
  offsetMs: timeline.readings.at(-1)?.atMs ?? 0,
})

/** A run that goes on, with its readings from before; one that has them already stays as it is. */
export function withEarlierReadings(now: MemoryTimeline, earlier: MemoryTimeline): MemoryTimeline {
  if (now.offsetMs > 0) return now
  const { offsetMs } = goingOn(earlier)
  const later = now.readings.map((reading) => ({ ...reading, atMs: reading.atMs + offsetMs }))
  return { ...now, offsetMs, readings: [...earlier.readings, ...later] }
}

const isSame = (a: MemoryReading, b: MemoryReading): boolean =>
  a.during === b.during &&
  a.totalBytes === b.totalBytes &&
  (Object.keys(b.bytes) as MemoryUse[]).every((use) => a.bytes[use] === b.bytes[use])
