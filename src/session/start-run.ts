import type { PeftAdapter } from '../formats/peft-adapter.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import type { Moments } from '../optim/moments.ts'
import type { PageStore } from '../optim/page-store.ts'
import { initialAdapter, writeAdapter } from '../train/adapter-state.ts'
import { CheckpointWriter, checkIdentity, type RunIdentity } from '../train/checkpoint.ts'
import { createMoments } from '../train/create-moments.ts'
import { evaluate } from '../train/evaluate.ts'
import type { LoadedWeight } from '../train/load-weights.ts'
import { throwIfCancelled } from '../util/abort.ts'
import { checkpointWarnings, deviceLine, type RunCheckpoint, runIdentity } from './checkpoints.ts'
import type { RunEvent } from './events.ts'
import type { OpenedModel } from './open-model.ts'
import { runBytes } from './plan-run.ts'
import type { PreparedRun } from './prepare-run.ts'
import { realiseProgram } from './realise-program.ts'
import type { RunReport } from './run-report.ts'
import type { RunSamples } from './run-samples.ts'
import type { RunSaves } from './run-saves.ts'
import type { PlannedSamples } from './samples.ts'

export interface RunOptions {
  model: OpenedModel
  prepared: PreparedRun
  /** Fixed prompts that are answered on the way; none when left out. */
  samples?: PlannedSamples | null
  adapter: PeftAdapter | null
  runtime: Runtime
  /** Where checkpoints are kept, and what the run goes on from. Without one there are none. */
  storage?: { store: PageStore; from: RunCheckpoint | null }
  /** Of a run that does not go on from a checkpoint; default: a new one. */
  runId?: string
  /** Whether a session before this one was lost with its device. */
  again?: boolean
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

/** The parts of a run that are made before it starts, and fill as it does. */
export interface RunParts {
  runId: string
  /** Aborted when the run is cancelled or stopped: its start is then given up. */
  ending: AbortSignal
  report: RunReport
  saves: RunSaves
  samples: RunSamples
}

/** What is on the device when the first step can be made. */
export interface Started {
  executable: Executable
  moments: Moments
  loaded: LoadedWeight[]
}

/**
 * Weights, samples, moments, and what the run begins with or goes on from. A start that is given up or fails leaves
 * nothing on the device.
 * @throws input/checkpoint, cancelled
 */
export async function startRun(options: RunOptions, parts: RunParts): Promise<Started> {
  const { model, prepared, runtime, storage, onEvent } = options
  const { ending, samples } = parts
  const identity = storage && (await runIdentity(model, prepared))
  if (storage?.from && identity) checkIdentity(storage.from, identity)
  tellStarted(options, parts)
  const request = { model, runtime, onEvent, signal: ending }
  const { executable, loaded } = await realiseProgram(prepared.program, request)
  try {
    await samples.realise(executable, runtime)
    const allocatedBytes = executable.allocatedBytes + samples.allocatedBytes
    if (options.samples) onEvent({ type: 'memory/allocated', bytes: allocatedBytes })
    parts.report.summary.gpuBytes = allocatedBytes
    const moments = await firstMoments(executable, options, parts, identity ?? null)
    return { executable, moments, loaded }
  } catch (error) {
    samples.dispose()
    executable.destroy()
    throw error
  }
}

function tellStarted(
  { prepared, samples, runtime, storage, again, onEvent }: RunOptions,
  { runId, report }: RunParts,
): void {
  const { program, steps } = prepared
  const from = storage?.from
  const planned = runBytes(program.plan, samples)
  onEvent({
    type: 'run/started',
    runId,
    totalSteps: steps.totalSteps,
    plannedBytes: planned.bytes,
    totalBytes: planned.totalBytes,
    trainableParameters: program.pool?.trainableElements ?? 0,
    maxBufferBytes: runtime.traits.limits.maxBufferSize,
    ...((from || again) && { resumedFrom: from?.step ?? 0 }),
    ...(from && { recent: report.recent }),
  })
}

/** Moments and the adapter: of the checkpoint, or those of a run that begins. */
async function firstMoments(
  executable: Executable,
  options: RunOptions,
  parts: RunParts,
  identity: RunIdentity | null,
): Promise<Moments> {
  const { prepared, runtime, storage, onEvent } = options
  const { runId: run, ending, saves } = parts
  const { program } = prepared
  const moments = createMoments(program, executable, {
    store: storage?.store,
    run,
    signal: ending,
    onWarning: (warning) => saves.warn(warning),
  })
  if (storage && identity) {
    const { store } = storage
    const device = deviceLine(runtime)
    saves.begin(new CheckpointWriter({ store, run, program, executable, moments, identity, device }))
  }
  try {
    if (storage?.from) {
      await saves.restore(storage.from, ending)
      for (const warning of checkpointWarnings(storage.from, runtime)) onEvent(warning)
    } else await beginAnew(executable, options, parts)
    throwIfCancelled(ending, 'The run was ended before its first step')
    return moments
  } catch (error) {
    await moments.settled()
    throw error
  }
}

/** The adapter that is given or a fresh one, and the answers and the loss before training. */
async function beginAnew(
  executable: Executable,
  options: RunOptions,
  { ending, report, samples }: RunParts,
): Promise<void> {
  const { prepared, adapter, onEvent } = options
  const { program, config, evaluationBatches } = prepared
  const modules = adapter?.modules ?? initialAdapter(program.weights, config.train.seed)
  writeAdapter(executable, program.weights, modules)
  await samples.take(0)
  if (!evaluationBatches) return
  const onBatch = evaluationProgress(options)
  const evaluation = await evaluate(executable, evaluationBatches(), { onBatch, signal: ending })
  report.summary.evalLossBefore = evaluation.loss
  onEvent({ type: 'run/evaluated', step: 0, ...evaluation })
}

/** Tells how far an evaluation of the held-out batches has come. */
export function evaluationProgress({
  prepared,
  onEvent,
}: Pick<RunOptions, 'prepared' | 'onEvent'>): (done: number) => void {
  const total = prepared.evaluationBatches ? countOf(prepared.evaluationBatches()) : 0
  return (done) => onEvent({ type: 'run/progress', phase: 'evaluating', done, total, unit: 'batches' })
}

function countOf(iterable: Iterable<unknown>): number {
  let count = 0
  for (const _ of iterable) count++
  return count
}
