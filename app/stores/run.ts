import type {
  PagingStatistics,
  RunEvent,
  RunPhase,
  RunSummary,
  SampleAnswer,
  TensorQuantization,
} from '../../src/session/events.ts'
import type { PlanReport } from '../../src/session/reports.ts'
import type { ErrorData } from '../../src/util/errors.ts'
import { emptyTimeline, goingOn, type MemoryTimeline, withReading } from './memory-timeline.ts'
import { StepSeries } from './step-series.ts'

export type BytesByCategory = PlanReport['bytes']

/** `recovering`: the GPU went away, and the run waits for one to go on with. */
export type RunStatus =
  | 'idle'
  | 'starting'
  | 'running'
  | 'paused'
  | 'recovering'
  | 'stopping'
  | 'finished'
  | 'failed'

export interface Progress {
  done: number
  total: number
  unit: 'kernels' | 'tensors' | 'steps' | 'prompts' | 'batches'
}

export interface Evaluation {
  step: number
  loss: number
  perplexity: number
  supervisedTokens: number
}

export interface DeltaRatios {
  step: number
  ratios: { name: string; ratio: number }[]
}

/** What the model says to the fixed prompts after `step` updates. */
export interface SampleSet {
  step: number
  answers: readonly SampleAnswer[]
  durationMs: number
}

/** A line of the log: what happened at which step. Words are put to it where it is shown. */
export type LogEntry = { id: number; step: number } & (
  | { kind: 'started'; totalSteps: number }
  | { kind: 'quantized'; tensors: number }
  | { kind: 'evaluated'; loss: number }
  | { kind: 'paused' }
  | { kind: 'resumed' }
  | { kind: 'device-lost'; resumesFrom: number; message: string }
  | { kind: 'not-finite'; metric: string; value: number }
  | { kind: 'warning'; code: string; message: string; fix?: string }
  | { kind: 'finished'; stopped: boolean }
  | { kind: 'failed'; message: string }
)

type NewLogEntry = LogEntry extends infer Entry ? (Entry extends LogEntry ? Omit<Entry, 'id'> : never) : never

/** Everything a page shows of a run: the fold of its events. */
export interface RunState {
  status: RunStatus
  runId: string | null
  phase: RunPhase | null
  /** Progress of `phase` in its own unit. */
  progress: Progress | null
  /** The last finished update. */
  step: number
  /** The step that Start, or going on with it, found it at. */
  begunAt: number
  totalSteps: number
  secondsLeft: number | null
  plannedBytes: BytesByCategory | null
  plannedTotalBytes: number | null
  allocatedBytes: number | null
  memory: MemoryTimeline
  trainableParameters: number | null
  steps: StepSeries
  evaluations: readonly Evaluation[]
  tensors: readonly TensorQuantization[]
  deltaRatios: readonly DeltaRatios[]
  samples: readonly SampleSet[]
  /** Where the pages of Adam's moments are; null while nothing is paged. */
  paging: PagingStatistics | null
  /** The last checkpoint. */
  checkpoint: { step: number; sizeBytes: number } | null
  log: readonly LogEntry[]
  summary: RunSummary | null
  error: ErrorData | null
}

export const idleRun: RunState = {
  status: 'idle',
  runId: null,
  phase: null,
  progress: null,
  step: 0,
  begunAt: 0,
  totalSteps: 0,
  secondsLeft: null,
  plannedBytes: null,
  plannedTotalBytes: null,
  allocatedBytes: null,
  memory: emptyTimeline,
  trainableParameters: null,
  steps: StepSeries.empty,
  evaluations: [],
  tensors: [],
  deltaRatios: [],
  samples: [],
  paging: null,
  checkpoint: null,
  log: [],
  summary: null,
  error: null,
}

/** The state between pressing Start and the engine's first word. */
export const startingRun: RunState = { ...idleRun, status: 'starting' }

/** Whether the engine is at work on a run, so that model, data and recipe have to stay as they are. */
export const isLive = (status: RunStatus): boolean =>
  status !== 'idle' && status !== 'finished' && status !== 'failed'

/** The run after one more event. Pure: the same events give the same state, live or replayed. */
export function foldRunEvent(state: RunState, event: RunEvent): RunState {
  switch (event.type) {
    case 'run/started':
      return logged(started(state, event), {
        kind: 'started',
        step: event.resumedFrom ?? 0,
        totalSteps: event.totalSteps,
      })
    case 'run/device-lost': {
      const { step, resumesFrom, message } = event
      return logged(
        { ...state, status: 'recovering', phase: null, progress: null, secondsLeft: null },
        { kind: 'device-lost', step, resumesFrom, message },
      )
    }
    case 'run/progress': {
      const { phase, done, total, unit } = event
      return { ...state, phase, progress: { done, total, unit } }
    }
    case 'quant/tensor':
      return { ...state, tensors: [...state.tensors, event.tensor] }
    case 'run/step':
      return withStep(state, event)
    case 'run/evaluated': {
      const { step, loss, perplexity, supervisedTokens } = event
      const evaluations = [...state.evaluations, { step, loss, perplexity, supervisedTokens }]
      return logged({ ...state, evaluations }, { kind: 'evaluated', step, loss })
    }
    case 'quant/delta_ratio':
      return {
        ...state,
        deltaRatios: [...state.deltaRatios, { step: event.step, ratios: event.ratios }],
      }
    case 'run/samples': {
      const { step, answers, durationMs } = event
      const earlier = state.samples.filter((set) => set.step < step)
      return { ...state, samples: [...earlier, { step, answers, durationMs }] }
    }
    case 'paging/state':
      return { ...state, paging: event.paging }
    case 'run/checkpoint':
      return { ...state, checkpoint: { step: event.step, sizeBytes: event.sizeBytes } }
    case 'memory/allocated':
      return { ...state, allocatedBytes: event.bytes }
    case 'memory/gpu_bytes': {
      const { type: _, ...reading } = event
      return { ...state, memory: withReading(state.memory, reading) }
    }
    case 'run/warning': {
      const { code, message, fix } = event
      return logged(state, { kind: 'warning', step: state.step, code, message, fix })
    }
    case 'run/paused':
      return logged({ ...state, status: 'paused', secondsLeft: null }, { kind: 'paused', step: event.step })
    case 'run/resumed':
      return logged({ ...state, status: 'running' }, { kind: 'resumed', step: event.step })
    case 'run/finished':
      return finishRun(state, event.summary)
    case 'run/failed':
      return failRun(state, event.error)
    case 'task/progress':
    case 'generate/token':
    case 'verify/check':
      return state
  }
}

/** A run at its beginning; one that this state knows already goes on, and what came after that place is forgotten. */
function started(state: RunState, event: Extract<RunEvent, { type: 'run/started' }>): RunState {
  const { runId, resumedFrom: from = 0, totalSteps, plannedBytes, totalBytes, trainableParameters } = event
  const known = { runId, totalSteps, plannedBytes, plannedTotalBytes: totalBytes, trainableParameters }
  const memory: MemoryTimeline = { ...emptyTimeline, maxBufferBytes: event.maxBufferBytes ?? null }
  const begun: RunState = { ...startingRun, ...known, memory, status: 'running', step: from }
  const withRecent = (steps: StepSeries) =>
    (event.recent ?? []).reduce(
      (series, each) => (each.step > (series.last?.step ?? 0) ? series.append(each) : series),
      steps,
    )
  if (state.runId !== runId) return { ...begun, begunAt: from, steps: withRecent(StepSeries.empty) }
  // The evaluation before the first step and the one after the last come again.
  const comesAgain = (step: number) => step === from && (step === 0 || step === totalSteps)
  return {
    ...begun,
    begunAt: state.begunAt,
    steps: withRecent(state.steps.until(from)),
    memory: { ...goingOn(state.memory), maxBufferBytes: memory.maxBufferBytes },
    evaluations: state.evaluations.filter(({ step }) => step <= from && !comesAgain(step)),
    deltaRatios: state.deltaRatios.filter(({ step }) => step <= from),
    samples: state.samples.filter(({ step }) => step <= from),
    checkpoint: state.checkpoint,
    log: state.log,
  }
}

/**
 * Ends the run; a second word about the same end changes nothing. One that was stopped before it had anything to show is
 * as if it had not been started: what it was to go on from is still there.
 */
export function finishRun(state: RunState, summary: RunSummary): RunState {
  if (!isLive(state.status)) return state
  const furthest = Math.max(state.steps.last?.step ?? 0, summary.steps)
  const hasBegun = state.runId !== null && furthest > state.begunAt
  if (summary.stopped && !hasBegun) return idleRun
  return logged(
    { ...state, status: 'finished', phase: null, progress: null, secondsLeft: null, summary },
    { kind: 'finished', step: state.step, stopped: summary.stopped },
  )
}

/** Ends the run with a reason; what it had measured stays to be looked at. */
export function failRun(state: RunState, error: ErrorData): RunState {
  if (state.status === 'failed') return state
  return logged(
    { ...state, status: 'failed', progress: null, secondsLeft: null, error },
    { kind: 'failed', step: state.step, message: error.message },
  )
}

function withStep(state: RunState, event: Extract<RunEvent, { type: 'run/step' }>): RunState {
  const { step, totalSteps, secondsLeft } = event
  const next: RunState = {
    ...state,
    phase: 'training',
    progress: { done: step.step, total: totalSteps, unit: 'steps' },
    step: step.step,
    totalSteps,
    secondsLeft,
    steps: state.steps.append(step),
  }
  const quantized =
    state.steps.length === 0 && state.tensors.length > 0
      ? logged(next, { kind: 'quantized', step: 0, tensors: state.tensors.length })
      : next
  return Object.entries(step.metrics).reduce(
    (run, [metric, value]) =>
      Number.isFinite(value) || wasNotFinite(state, metric)
        ? run
        : logged(run, { kind: 'not-finite', step: step.step, metric, value }),
    quantized,
  )
}

/** Said once when it begins, not at every step after. */
function wasNotFinite(state: RunState, metric: string): boolean {
  const before = state.steps.last?.metrics as Record<string, number> | undefined
  return before?.[metric] !== undefined && !Number.isFinite(before[metric])
}

function logged(state: RunState, entry: NewLogEntry): RunState {
  return { ...state, log: [...state.log, { ...entry, id: state.log.length } as LogEntry] }
}

/** A line of metrics.jsonl a step; JSON has no NaN, so what is not finite is written as its name. */
export function metricsJsonl(state: Pick<RunState, 'steps' | 'evaluations'>): string {
  const lines = [
    ...Array.from(state.steps, ({ step, metrics }) => ({
      step,
      order: 0,
      values: metrics as Record<string, number>,
    })),
    ...state.evaluations.map(({ step, loss }) => ({ step, order: 1, values: { 'eval/loss': loss } })),
  ].sort((a, b) => a.step - b.step || a.order - b.order)
  return lines
    .map(
      ({ step, values }) =>
        `${JSON.stringify({ step, ...values }, (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value))}\n`,
    )
    .join('')
}
