import type { RunConfig } from '../config/schema.ts'
import type { Runtime } from '../graph/executable.ts'
import type { PageStore } from '../optim/page-store.ts'
import { isSameArithmetic } from '../train/arithmetic.ts'
import {
  type CheckpointManifest,
  checkpointedRuns,
  deleteCheckpoint,
  kernelHashes,
  type RunIdentity,
  readCheckpoint,
  trainableHash,
} from '../train/checkpoint.ts'
import { inputError } from '../util/errors.ts'
import type { RunEvent, RunSummary, StepMetrics } from './events.ts'
import { dataFingerprint, modelFingerprint } from './fingerprint.ts'
import type { OpenedModel } from './open-model.ts'
import type { PreparedRun } from './prepare-run.ts'
import { type RunLocks, runInUse } from './run-locks.ts'

/** What a run has told so far: its summary goes on from here. */
export interface RunProgress {
  summary: RunSummary
  totalSteps: number
  modelName: string
  /** Milliseconds since 1970. */
  savedAt: number
  /** The last logged steps: whoever listened may have been killed before it kept them. Checkpoints of older versions lack it. */
  recent?: StepMetrics[]
}

/** Of a run that has done nothing yet. */
export const emptySummary = (runId: string): RunSummary => ({
  runId,
  steps: 0,
  stopped: false,
  firstLoss: null,
  lastLoss: null,
  evalLossBefore: null,
  evalLoss: null,
  supervisedTokens: 0,
  durationMs: 0,
  tokensPerSecond: 0,
  gpuBytes: 0,
})

/** The last steps that a checkpoint tells of. In JSON, what is not finite has become null. */
export const recentSteps = ({ recent = [] }: RunProgress): StepMetrics[] =>
  recent.map(({ step, metrics }) => ({
    step,
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value ?? Number.NaN])),
  }))

export type RunCheckpoint = CheckpointManifest<RunProgress>

/** A run that can be gone on with. */
export interface CheckpointSummary {
  runId: string
  step: number
  totalSteps: number
  savedAt: number
  modelName: string
  config: RunConfig
  summary: RunSummary
  /** What it takes in the storage. */
  sizeBytes: number
  /** Whether the run is under way, here or in another tab. */
  inUse: boolean
}

export async function listCheckpoints(store: PageStore, locks: RunLocks): Promise<CheckpointSummary[]> {
  const found: CheckpointSummary[] = []
  const held = await locks.held()
  for (const run of await checkpointedRuns(store)) {
    // One that is damaged must not hide the others.
    const checkpoint = (await readCheckpoint(store, run).catch(() => null)) as RunCheckpoint | null
    if (!checkpoint) continue
    const { step, identity, progress, values, moments } = checkpoint
    const { totalSteps, savedAt, modelName, summary } = progress
    found.push({
      runId: run,
      step,
      totalSteps,
      savedAt,
      modelName,
      config: identity.config,
      summary,
      sizeBytes: values.reduce((sum, { sizeBytes }) => sum + sizeBytes, moments.elements * 8),
      inUse: held.has(run),
    })
  }
  return found.sort((a, b) => b.savedAt - a.savedAt)
}

/** @throws checkpoint/in-use */
export async function discardCheckpoint(store: PageStore, run: string, locks: RunLocks): Promise<void> {
  if ((await locks.held()).has(run)) throw runInUse()
  await deleteCheckpoint(store, run)
}

/**
 * Deletes what runs have left that were killed before their first checkpoint: nothing can go on from it. Gives how many
 * there were.
 */
export async function collectOrphans(store: PageStore, locks: RunLocks): Promise<number> {
  // In this order: whoever has written had a lock before.
  const runs = new Set((await store.list('')).map((key) => key.slice(0, key.indexOf('/'))))
  const [held, kept] = [await locks.held(), new Set(await checkpointedRuns(store))]
  const orphans = [...runs].filter((run) => run !== '' && !held.has(run) && !kept.has(run))
  for (const run of orphans) await deleteCheckpoint(store, run)
  return orphans.length
}

/** The checkpoint of a run, or of the only run there is. @throws input/no-checkpoint, checkpoint/damaged */
export async function needCheckpoint(store: PageStore, runId: string | null): Promise<RunCheckpoint> {
  const runs = runId === null ? await checkpointedRuns(store) : [runId]
  if (runs.length > 1) {
    throw inputError('no-checkpoint', [
      {
        message: `There are checkpoints of ${runs.length} runs: ${runs.join(', ')}`,
        fix: 'Name the run to go on with.',
      },
    ])
  }
  const checkpoint = runs.length === 1 ? await readCheckpoint(store, runs[0]) : null
  if (!checkpoint) {
    throw inputError('no-checkpoint', [
      {
        message: runId === null ? 'There is no checkpoint to resume' : `Run ${runId} has no checkpoint`,
        fix: 'Start the run anew. A run keeps checkpoints every train.saveEvery steps, when it is paused and when it ends.',
      },
    ])
  }
  return checkpoint as RunCheckpoint
}

export async function runIdentity(
  model: OpenedModel,
  { config, program, sequences }: PreparedRun,
): Promise<RunIdentity> {
  return {
    config,
    model: await modelFingerprint(model.checkpoint),
    data: await dataFingerprint(sequences),
    trainable: await trainableHash(program),
    kernels: await kernelHashes(program.plan),
  }
}

/** Where the bytes of a run that goes on from a checkpoint may differ from those of one that was not interrupted. */
export function checkpointWarnings(from: RunCheckpoint, runtime: Runtime): RunWarning[] {
  const warnings: RunWarning[] = []
  const device = deviceLine(runtime)
  if (from.device !== device) {
    warnings.push({
      type: 'run/warning',
      code: 'checkpoint/other-device',
      message: `The checkpoint was made on ${from.device}; this is ${device}, which may round differently`,
      fix: 'Resume on the same GPU if the result must be the same to the last bit.',
    })
  }
  if (!isSameArithmetic(from)) {
    warnings.push({
      type: 'run/warning',
      code: 'checkpoint/other-arithmetic',
      message:
        'The run goes on, but not to the same bytes as an uninterrupted one, because the checkpoint was made by a version of the studio that adds its numbers in another order',
      fix: 'Resume with the version that made it if the result must be the same to the last bit.',
    })
  }
  return warnings
}

type RunWarning = Extract<RunEvent, { type: 'run/warning' }>

/** One line that tells a GPU from others. */
export const deviceLine = ({ info }: Runtime): string =>
  [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ') || 'unnamed'
