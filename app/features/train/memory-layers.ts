import { thin } from '../../charts/decimate.ts'
import type { MemoryReading, MemoryTimeline, MemoryUse } from '../../stores/memory-timeline.ts'

/** A timeline as it is drawn: few enough readings, and the uses that ever have bytes. */
export interface DrawnMemory {
  readings: readonly MemoryReading[]
  uses: readonly MemoryUse[]
  mostBytes: number
}

/** @param order All uses, from the bottom of the picture upwards. */
export function drawnMemory({ readings }: MemoryTimeline, order: readonly MemoryUse[]): DrawnMemory {
  const places = thin(readings.map(({ totalBytes }) => totalBytes))
  return {
    readings: places.map((place) => readings[place]),
    uses: order.filter((use) => readings.some(({ bytes }) => (bytes[use] ?? 0) > 0)),
    mostBytes: readings.reduce((most, { totalBytes }) => Math.max(most, totalBytes), 0),
  }
}

/** The power of 1024 in which a height has at least one unit: round figures then stand beside the picture. */
export function byteUnit(mostBytes: number): number {
  let unit = 1
  while (mostBytes >= 2 * unit * 1024 && unit < 1024 ** 4) unit *= 1024
  return unit
}

const UNITS = [
  { seconds: 1, name: 's' },
  { seconds: 60, name: 'min' },
  { seconds: 3600, name: 'h' },
] as const

/** The unit in which a length of time is a number that people say. */
export const timeUnit = (seconds: number) => UNITS.findLast((unit) => seconds >= 2 * unit.seconds) ?? UNITS[0]
