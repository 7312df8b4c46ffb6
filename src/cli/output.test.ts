import { expect, test } from 'vitest'
import { toJson } from './json.ts'
import { metricsLine } from './metrics-log.ts'
import { bytes, count, duration, short } from './summaries.ts'

test('non-finite numbers are strings on disk', () => {
  expect(toJson({ a: Number.NaN, b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], c: 0.5 })).toBe(
    '{"a":"NaN","b":["Infinity","-Infinity"],"c":0.5}',
  )
})

test('a step is a line that begins as the contract shows it', () => {
  const line = metricsLine({
    type: 'run/step',
    totalSteps: 2,
    secondsLeft: null,
    step: {
      step: 1,
      metrics: {
        'speed/step_ms': 3,
        'optimizer/lr': 1e-3,
        'train/loss': Number.NaN,
        'optimizer/grad_norm': 2,
      },
    },
  })
  expect(line).toBe(
    '{"step":1,"train/loss":"NaN","optimizer/grad_norm":2,"optimizer/lr":0.001,"speed/step_ms":3}',
  )
})

test('an evaluation is a line of its own, and other events are none', () => {
  expect(metricsLine({ type: 'run/evaluated', step: 5, loss: 2, perplexity: 7.4, supervisedTokens: 9 })).toBe(
    '{"step":5,"eval/loss":2,"eval/supervised_tokens":9}',
  )
  expect(metricsLine({ type: 'run/paused', step: 5 })).toBeUndefined()
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
