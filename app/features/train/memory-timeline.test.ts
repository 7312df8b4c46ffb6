import { expect, it } from 'vitest'
import {
  emptyTimeline,
  goingOn,
  type MemoryReading,
  withEarlierReadings,
  withReading,
} from '../../stores/memory-timeline.ts'
import { byteUnit, drawnMemory, timeUnit } from './memory-layers.ts'

const reading = (
  atMs: number,
  during: MemoryReading['during'],
  bytes: MemoryReading['bytes'],
): MemoryReading => ({
  atMs,
  during,
  bytes,
  totalBytes: Object.values(bytes).reduce((sum, part) => sum + part, 0),
})
const fold = (readings: MemoryReading[], from = emptyTimeline) => readings.reduce(withReading, from)
const shape = ({ readings }: typeof emptyTimeline) => readings.map(({ atMs, during }) => [atMs, during])

const training = { weights: 5, activations: 7 }
const speaking = { ...training, playground: 3 }

it('keeps what changes, and of readings that are the same the first and the last', () => {
  const timeline = fold([
    reading(0, 'training', training),
    reading(1, 'training', training),
    reading(2, 'training', training),
    reading(3, 'paused', training),
    reading(4, 'paused', speaking),
    reading(5, 'paused', training),
  ])
  expect(shape(timeline)).toEqual([
    [0, 'training'],
    [2, 'training'],
    [3, 'paused'],
    [4, 'paused'],
    [5, 'paused'],
  ])
  expect(drawnMemory(timeline, ['activations', 'kvCache', 'weights', 'playground'])).toMatchObject({
    uses: ['activations', 'weights', 'playground'],
    mostBytes: 15,
  })
})

it('a run that goes on is later than all that was, in this page and in one that was reloaded', () => {
  const before = fold([reading(0, 'compiling', {}), reading(900, 'training', training)])
  const after = [reading(0, 'compiling', {}), reading(50, 'training', training)]
  const here = fold(after, goingOn(before))
  expect(shape(here)).toEqual([
    [0, 'compiling'],
    [900, 'training'],
    [900, 'compiling'],
    [950, 'training'],
  ])
  const reloaded = withEarlierReadings(fold(after), before)
  expect(reloaded).toEqual(here)
  expect(withEarlierReadings(reloaded, before)).toBe(reloaded)
})

it('tens of thousands of changes are drawn in a few hundred, the highest among them', () => {
  const bytes = (index: number) => ({ weights: 5, playground: index === 20_000 ? 99 : index % 7 })
  const readings = Array.from({ length: 30_000 }, (_, index) => reading(index, 'paused', bytes(index)))
  const drawn = drawnMemory({ ...emptyTimeline, readings }, ['weights', 'playground'])
  expect(drawn.readings.length).toBeLessThanOrEqual(600)
  expect(drawn.readings.some(({ totalBytes }) => totalBytes === 104)).toBe(true)
})

it('is written in units that people say', () => {
  expect([900, 1e5, 2e7, 3e9].map(byteUnit)).toEqual([1, 1024, 1024 ** 2, 1024 ** 3])
  expect([5, 300, 9000].map((seconds) => timeUnit(seconds).name)).toEqual(['s', 'min', 'h'])
})
