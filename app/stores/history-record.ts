import type { RunSummary } from '../../src/session/events.ts'
import type { ErrorData } from '../../src/util/errors.ts'
import { thin } from '../charts/decimate.ts'
import { emptyTimeline, withEarlierReadings } from './memory-timeline.ts'
import { type BytesByCategory, idleRun, type RunState } from './run.ts'
import type { StepSeries } from './step-series.ts'

/** `interrupted`: the page went away while it ran. */
export type RecordStatus = 'running' | 'finished' | 'stopped' | 'failed' | 'interrupted'

/** What is known of a run before its first step. */
export interface RunStart {
  id: string
  model: string
  dataset: string
  device: string
  /** The RunConfig, as plain data: a record may be older or newer than the schema. */
  config: Record<string, unknown>
}

/** A kept run at a glance: what a list shows of it. */
export interface RunRecord extends RunStart {
  name: string
  notes: string
  /** Milliseconds since 1970. */
  startedAt: number
  updatedAt: number
  status: RecordStatus
  /** The last finished update. */
  step: number
  totalSteps: number
  lastLoss: number | null
  evalLoss: number | null
  tokensPerSecond: number | null
  durationMs: number | null
  /** A few points of the loss curve. */
  sparkline: { steps: number[]; losses: number[] }
  trainableParameters: number | null
  plannedBytes: BytesByCategory | null
  plannedTotalBytes: number | null
  allocatedBytes: number | null
  summary: RunSummary | null
  error: ErrorData | null
  /** What it takes in the browser's storage. */
  sizeBytes: number
  /** The adapter or the weights, once the run has ended well. */
  files: { path: string; sizeBytes: number }[]
  /** Set for a run that was opened from a file. */
  importedFrom: { fileName: string; id: string } | null
}

/** What a run measured besides the metrics of its steps. */
export type RunDetail = Pick<
  RunState,
  'evaluations' | 'tensors' | 'deltaRatios' | 'samples' | 'memory' | 'log'
>

/** A kept run with all that was measured. */
export interface KeptRun {
  record: RunRecord
  detail: RunDetail
  steps: StepSeries
}

const SPARKLINE_POINTS = 48

export function newRecord(start: RunStart, name: string, now: number): RunRecord {
  return {
    ...start,
    name,
    notes: '',
    startedAt: now,
    updatedAt: now,
    status: 'running',
    step: 0,
    totalSteps: 0,
    lastLoss: null,
    evalLoss: null,
    tokensPerSecond: null,
    durationMs: null,
    sparkline: { steps: [], losses: [] },
    trainableParameters: null,
    plannedBytes: null,
    plannedTotalBytes: null,
    allocatedBytes: null,
    summary: null,
    error: null,
    sizeBytes: 0,
    files: [],
    importedFrom: null,
  }
}

/** The record of a run as it now stands. */
export function updatedRecord(record: RunRecord, run: RunState, now: number): RunRecord {
  const { steps, summary } = run
  return {
    ...record,
    updatedAt: now,
    status: statusOf(run),
    step: run.step,
    totalSteps: run.totalSteps,
    lastLoss: steps.last?.metrics['train/loss'] ?? summary?.lastLoss ?? null,
    evalLoss: run.evaluations.findLast(({ step }) => step > 0)?.loss ?? summary?.evalLoss ?? null,
    tokensPerSecond: summary?.tokensPerSecond ?? steps.last?.metrics['speed/tokens_per_second'] ?? null,
    durationMs: summary?.durationMs ?? now - record.startedAt,
    sparkline: sparklineOf(steps),
    trainableParameters: run.trainableParameters,
    plannedBytes: run.plannedBytes,
    plannedTotalBytes: run.plannedTotalBytes,
    allocatedBytes: run.allocatedBytes,
    summary,
    error: run.error,
  }
}

function statusOf({ status, summary }: RunState): RecordStatus {
  if (status === 'failed') return 'failed'
  if (status === 'finished') return summary?.stopped ? 'stopped' : 'finished'
  return 'running'
}

/** A few points that tell how the loss went. */
export function sparklineOf(series: StepSeries): RunRecord['sparkline'] {
  const { steps } = series
  const losses = series.values('train/loss')
  const places = thin(losses, { max: SPARKLINE_POINTS })
  return { steps: places.map((place) => steps[place]), losses: places.map((place) => losses[place]) }
}

/** The state with which a kept run is shown by the cards of a live one. */
export function keptState({ record, detail, steps }: KeptRun): RunState {
  return {
    ...idleRun,
    status: record.status === 'failed' ? 'failed' : record.status === 'running' ? 'running' : 'finished',
    runId: record.id,
    step: record.step,
    totalSteps: record.totalSteps,
    plannedBytes: record.plannedBytes,
    plannedTotalBytes: record.plannedTotalBytes,
    allocatedBytes: record.allocatedBytes,
    trainableParameters: record.trainableParameters,
    ...detail,
    steps,
    summary: record.summary,
    error: record.error,
  }
}

/** The step of the checkpoint that a run goes on from; 0 for one from the start. */
export const resumedFrom = ({ log }: RunState): number => (log[0]?.kind === 'started' ? log[0].step : 0)

/**
 * A run that goes on from a checkpoint, with what was measured before it: the curve has no hole and what came after the
 * checkpoint is forgotten. Does nothing to a run that already has it.
 */
export function withEarlier(run: RunState, earlier: Pick<KeptRun, 'detail' | 'steps'>): RunState {
  const from = resumedFrom(run)
  if (from === 0 || earlier.steps.length === 0) return run
  const { detail } = earlier
  const joined = <T extends { step: number }>(before: readonly T[], after: readonly T[]) => {
    const again = new Set(after.map(({ step }) => step))
    return [...before.filter(({ step }) => step <= from && !again.has(step)), ...after]
  }
  return {
    ...run,
    steps: earlier.steps.until(from).appendChunk(run.steps.chunk()),
    evaluations: joined(detail.evaluations, run.evaluations),
    tensors: run.tensors.length > 0 ? run.tensors : detail.tensors,
    deltaRatios: joined(detail.deltaRatios, run.deltaRatios),
    // Runs that were kept before these were measured have none.
    samples: joined(detail.samples ?? [], run.samples),
    memory: withEarlierReadings(run.memory, detail.memory ?? emptyTimeline),
    log: [...detail.log.filter(({ step }) => step <= from), ...run.log].map((entry, id) => ({
      ...entry,
      id,
    })),
  }
}
