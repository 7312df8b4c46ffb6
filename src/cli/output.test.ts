import { expect, test } from 'vitest'
import { toJson } from './json.ts'
import { bytes, count, duration, short } from './summaries.ts'

test('non-finite numbers are strings on disk', () => {
  expect(toJson({ a: Number.NaN, b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], c: 0.5 })).toBe(
    '{"a":"NaN","b":["Infinity","-Infinity"],"c":0.5}',
  )
})

test('sizes, counts and times are short', () => {
  expect([bytes(0), bytes(1536), bytes(20 * 2 ** 20)]).toEqual(['0 B', '1.50 KiB', '20.0 MiB'])
  expect([count(950), count(3_100_000)]).toEqual(['950', '3.10M'])
  expect([duration(5), duration(65), duration(3725)]).toEqual(['5s', '1m05s', '1h02m'])
  expect([short(null), short(0.00012345), short(4.83219), short(Number.NaN)]).toEqual([
    '–',
    '1.23e-4',
    '4.832',
    'NaN',
  ])
})
