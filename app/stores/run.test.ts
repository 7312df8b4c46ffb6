import { describe, expect, it } from 'vitest'
import type { RunEvent, RunSummary } from '../../src/session/events.ts'
import { batchEvents } from './event-batch.ts'
import {
  failRun,
  finishRun,
  foldRunEvent,
  idleRun,
  isLive,
  metricsJsonl,
  type RunState,
  startingRun,
} from './run.ts'

const plannedBytes = {
  base4bit: 100,
  scales: 3,
  weights: 50,
  adapters: 10,
  gradients: 10,
  optimizer: 20,
  activations: 40,
  workspace: 0,
  kvCache: 0,
  staging: 4,
}

const started: RunEvent = {
  type: 'run/started',
  runId: 'run-1',
  totalSteps: 3,
  plannedBytes,
  totalBytes: 237,
  trainableParameters: 5,
}

const step = (number: number, loss: number): RunEvent => ({
  type: 'run/step',
  step: { step: number, metrics: { 'train/loss': loss, 'optimizer/lr': 1e-3 } },
  totalSteps: 3,
  secondsLeft: 3 - number,
})

const sampled = (at: number, text: string): RunEvent => ({
  type: 'run/samples',
  step: at,
  answers: [{ prompt: 'Q', expected: 'A', row: 1, heldOut: false, text, finishReason: 'stop' }],
  durationMs: 5,
})

const evaluated = (at: number, loss: number): RunEvent => ({
  type: 'run/evaluated',
  step: at,
  loss,
  perplexity: 2,
  supervisedTokens: 3,
})

const tensor: RunEvent = {
  type: 'quant/tensor',
  tensor: {
    name: 'q_proj',
    shape: [64, 64],
    block: 0,
    mse: 1e-4,
    rmse: 1e-2,
    mae: 8e-3,
    maxError: 0.1,
    snrDb: 20,
    bitsPerParam: 4.127,
    histogram: Array(16).fill(256),
    codePoints: Array(16).fill(0),
  },
}

const summary: RunSummary = {
  runId: 'run-1',
  steps: 3,
  stopped: false,
  firstLoss: 3,
  lastLoss: 1,
  evalLossBefore: null,
  evalLoss: 1.2,
  supervisedTokens: 900,
  durationMs: 3000,
  tokensPerSecond: 300,
  gpuBytes: 237,
}

const fold = (events: RunEvent[], from: RunState = startingRun) => events.reduce(foldRunEvent, from)

describe('foldRunEvent', () => {
  it('follows a run from start to finish', () => {
    const run = fold([
      started,
      { type: 'memory/allocated', bytes: 237 },
      { type: 'run/progress', phase: 'quantizing', done: 1, total: 1, unit: 'tensors' },
      tensor,
      step(1, 3),
      step(2, 2),
      { type: 'run/paused', step: 2 },
      { type: 'run/resumed', step: 2 },
      step(3, 1),
      { type: 'run/evaluated', step: 3, loss: 1.2, perplexity: 3.3, supervisedTokens: 90 },
      { type: 'quant/delta_ratio', step: 3, ratios: [{ name: 'q_proj', ratio: 0.2 }] },
      { type: 'run/finished', summary },
    ])
    expect(run).toMatchObject({
      status: 'finished',
      step: 3,
      totalSteps: 3,
      allocatedBytes: 237,
      plannedTotalBytes: 237,
      summary,
    })
    expect([...run.steps.values('train/loss')]).toEqual([3, 2, 1])
    expect(run.log.map(({ kind }) => kind)).toEqual([
      'started',
      'quantized',
      'paused',
      'resumed',
      'evaluated',
      'finished',
    ])
    expect(new Set(run.log.map(({ id }) => id)).size).toBe(run.log.length)
  })

  it('never changes an earlier state', () => {
    const before = fold([started, step(1, 3)])
    const seen = (state: RunState) => structuredClone({ ...state, steps: [...state.steps] })
    const copy = seen(before)
    fold([step(2, 2), { type: 'run/warning', code: 'spike', message: 'loss jumped' }], before)
    expect(seen(before)).toEqual(copy)
  })

  it('starts a second run from nothing', () => {
    const second = fold([started], fold([started, tensor, step(1, 3), { type: 'run/finished', summary }]))
    expect(second).toMatchObject({ status: 'running', tensors: [], summary: null, step: 0 })
    expect(second.steps).toHaveLength(0)
  })

  it('goes on after a lost device with what came up to its checkpoint, and tells both', () => {
    const before = fold([started, tensor, evaluated(0, 3), step(1, 3), step(2, 2), evaluated(2, 2)])
    const lost = fold(
      [{ type: 'run/device-lost', step: 2, resumesFrom: 1, message: 'The GPU is gone' }],
      before,
    )
    expect(lost).toMatchObject({ status: 'recovering', step: 2 })
    expect(isLive(lost.status)).toBe(true)
    const back = fold([{ ...started, resumedFrom: 1 }, { type: 'run/resumed', step: 1 }, step(2, 5)], lost)
    expect(back).toMatchObject({ status: 'running', step: 2 })
    expect([...back.steps].map(({ step, metrics }) => [step, metrics['train/loss']])).toEqual([
      [1, 3],
      [2, 5],
    ])
    expect(back.evaluations.map(({ step }) => step)).toEqual([0])
    expect(back.log.map(({ kind }) => kind)).toEqual([
      ...before.log.map(({ kind }) => kind),
      'device-lost',
      'started',
      'resumed',
    ])
  })

  it('takes the steps before a checkpoint that nobody came to keep from the start that goes on from it', () => {
    const recent = [1, 2].map((number) => ({ step: number, metrics: { 'train/loss': 4 - number } }))
    const elsewhere = fold([{ ...started, resumedFrom: 2, recent }, step(3, 0)])
    expect([...elsewhere.steps].map(({ step }) => step)).toEqual([1, 2, 3])
    const here = fold([{ ...started, resumedFrom: 2, recent }], fold([started, step(1, 9)]))
    expect([...here.steps].map(({ metrics }) => metrics['train/loss'])).toEqual([9, 2])
  })

  it('begins again after a device that was lost before the first checkpoint: everything comes again', () => {
    const lost = fold([started, evaluated(0, 3), step(1, 3)])
    const back = fold([{ ...started, resumedFrom: 0 }, evaluated(0, 3)], lost)
    expect(back.steps).toHaveLength(0)
    expect(back.evaluations.map(({ step }) => step)).toEqual([0])
  })

  it('reports a value that stops being finite once, and keeps it', () => {
    const run = fold([started, step(1, 3), step(2, Number.NaN), step(3, Number.NaN)])
    expect(run.log.filter(({ kind }) => kind === 'not-finite')).toHaveLength(1)
    expect(run.steps.at(1)?.metrics['train/loss']).toBeNaN()
  })

  it('keeps what a failed run had measured', () => {
    const run = fold([
      started,
      step(1, 3),
      { type: 'run/failed', error: { name: 'StudioError', code: 'gpu/lost', message: 'The GPU is gone' } },
    ])
    expect(run).toMatchObject({ status: 'failed', step: 1, error: { code: 'gpu/lost' } })
    expect(run.steps).toHaveLength(1)
  })

  it('keeps the answers on the way, and forgets those after the place that a lost run goes on from', () => {
    const before = fold([started, sampled(0, 'x'), step(1, 3), sampled(1, 'y'), step(2, 2), sampled(2, 'z')])
    expect(before.samples.map((set) => set.answers[0].text)).toEqual(['x', 'y', 'z'])
    const back = fold([{ ...started, resumedFrom: 1 }, step(2, 2), sampled(2, 'w')], before)
    expect(back.samples.map(({ step: at, answers }) => [at, answers[0].text])).toEqual([
      [0, 'x'],
      [1, 'y'],
      [2, 'w'],
    ])
  })

  it('takes the end twice without saying it twice', () => {
    const once = fold([started, { type: 'run/finished', summary }])
    expect(finishRun(once, summary)).toBe(once)
    const failed = failRun(once, { name: 'Error', code: 'internal', message: 'x' })
    expect(failRun(failed, { name: 'Error', code: 'internal', message: 'x' })).toBe(failed)
  })
})

describe('isLive', () => {
  it('is true exactly while the engine is at work', () => {
    expect(isLive(idleRun.status)).toBe(false)
    expect(isLive(startingRun.status)).toBe(true)
    expect((['running', 'paused', 'stopping'] as const).every(isLive)).toBe(true)
    expect((['finished', 'failed'] as const).some(isLive)).toBe(false)
  })
})

describe('metricsJsonl', () => {
  it('writes a line a step and evaluation, in order, with NaN by name', () => {
    const run = fold([
      started,
      step(1, 3),
      { type: 'run/evaluated', step: 1, loss: 2.5, perplexity: 12, supervisedTokens: 9 },
      step(2, Number.NaN),
    ])
    const lines = metricsJsonl(run)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([
      { step: 1, 'train/loss': 3, 'optimizer/lr': 1e-3 },
      { step: 1, 'eval/loss': 2.5 },
      { step: 2, 'train/loss': 'NaN', 'optimizer/lr': 1e-3 },
    ])
  })
})

describe('batchEvents', () => {
  it('holds ordinary events together and lets urgent ones through with all before them', () => {
    const batches: string[][] = []
    const batch = batchEvents((events) => batches.push(events.map(({ type }) => type)), 60_000)
    batch.push(tensor)
    batch.push(step(1, 3))
    expect(batches).toEqual([])
    batch.push({ type: 'run/finished', summary })
    expect(batches).toEqual([['quant/tensor', 'run/step', 'run/finished']])
    batch.flush()
    expect(batches).toHaveLength(1)
  })
})
