import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { MetricName, RunEvent } from '../session/events.ts'
import { MetricsLog } from './metrics-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-metrics-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

const step = (number: number, metrics: Partial<Record<MetricName, number>>): RunEvent => ({
  type: 'run/step',
  totalSteps: 5,
  secondsLeft: null,
  step: { step: number, metrics },
})

function linesOf(events: RunEvent[], logEvery = 1): string[] {
  const path = join(folder, `${files++}.jsonl`)
  const log = new MetricsLog(path, logEvery)
  for (const event of events) log.take(event)
  log.close()
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

test('a step is a line that begins as the contract shows it, non-finite numbers as strings', () => {
  const metrics = {
    'speed/step_ms': 3,
    'optimizer/lr': 1e-3,
    'train/loss': Number.NaN,
    'optimizer/grad_norm': 2,
  }
  expect(linesOf([step(1, metrics)])).toEqual([
    '{"step":1,"train/loss":"NaN","optimizer/grad_norm":2,"optimizer/lr":0.001,"speed/step_ms":3}',
  ])
})

test('delta ratios join the line of their step, evaluations are lines of their own, other events none', () => {
  expect(
    linesOf([
      { type: 'run/evaluated', step: 0, loss: 4, perplexity: 55, supervisedTokens: 9 },
      step(1, { 'train/loss': 3 }),
      { type: 'quant/delta_ratio', step: 1, ratios: [{ name: 'a', ratio: 0.5 }] },
      step(2, { 'train/loss': 2 }),
      { type: 'run/paused', step: 2 },
      { type: 'run/evaluated', step: 2, loss: 2.5, perplexity: 12, supervisedTokens: 9 },
    ]),
  ).toEqual([
    '{"step":0,"eval/loss":4,"eval/supervised_tokens":9}',
    '{"step":1,"train/loss":3,"quant/delta_ratio":{"a":0.5}}',
    '{"step":2,"train/loss":2}',
    '{"step":2,"eval/loss":2.5,"eval/supervised_tokens":9}',
  ])
})

test('logEvery leaves steps out, never the last', () => {
  const lines = linesOf(
    [1, 2, 3, 4, 5].map((number) => step(number, { 'train/loss': number })),
    2,
  )
  expect(lines.map((line) => JSON.parse(line).step)).toEqual([2, 4, 5])
})

test('a run that is resumed goes on after the step of its checkpoint, without what a kill left half written', () => {
  const path = join(folder, 'resumed.jsonl')
  const evaluated = (number: number): RunEvent => ({
    type: 'run/evaluated',
    step: number,
    loss: 4,
    perplexity: 55,
    supervisedTokens: 9,
  })
  const first = new MetricsLog(path, 1)
  for (const event of [evaluated(0), ...[1, 2, 3].map((number) => step(number, { 'train/loss': number }))])
    first.take(event)
  first.close()
  appendFileSync(path, '{"step":4,"tra')
  const started = (resumedFrom: number): RunEvent => ({
    type: 'run/started',
    runId: 'run',
    totalSteps: 5,
    plannedBytes: {} as never,
    totalBytes: 0,
    trainableParameters: 0,
    resumedFrom,
  })
  const steps = () =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).step)
  const second = new MetricsLog(path, 1, { resume: true })
  expect(steps).toThrow()
  second.take(started(2))
  for (const number of [3, 4, 5]) second.take(step(number, { 'train/loss': number * 10 }))
  second.take(evaluated(5))
  second.close()
  expect(steps()).toEqual([0, 1, 2, 3, 4, 5, 5])
  const third = new MetricsLog(path, 1, { resume: true })
  third.take(started(5))
  third.take(evaluated(5))
  third.close()
  expect(steps()).toEqual([0, 1, 2, 3, 4, 5, 5])
})

test('a line is in the file before its step is told, so that a kill does not lose it', () => {
  const path = join(folder, 'at-once.jsonl')
  const log = new MetricsLog(path, 1)
  log.take(step(1, { 'train/loss': 3 }))
  expect(readFileSync(path, 'utf8')).toBe('{"step":1,"train/loss":3}\n')
  log.take({ type: 'quant/delta_ratio', step: 1, ratios: [{ name: 'ä', ratio: 0.5 }] })
  log.take({ type: 'quant/delta_ratio', step: 1, ratios: [] })
  log.take(step(2, { 'train/loss': 2 }))
  expect(readFileSync(path, 'utf8')).toBe(
    '{"step":1,"train/loss":3,"quant/delta_ratio":{"ä":0.5}}\n{"step":2,"train/loss":2}\n',
  )
  log.close()
})

test('steps before the checkpoint whose lines a kill kept from the file come from the run that goes on', () => {
  const path = join(folder, 'gap.jsonl')
  const first = new MetricsLog(path, 1)
  first.take(step(1, { 'train/loss': 1 }))
  first.close()
  const second = new MetricsLog(path, 1, { resume: true })
  const recent = [1, 2, 3].map((number) => ({ step: number, metrics: { 'train/loss': number } }))
  second.take({
    type: 'run/started',
    runId: 'run',
    totalSteps: 5,
    plannedBytes: {} as never,
    totalBytes: 0,
    trainableParameters: 0,
    resumedFrom: 3,
    recent,
  })
  second.take(step(4, { 'train/loss': 4 }))
  second.close()
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3, 4])
})
