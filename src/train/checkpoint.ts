import { type RunConfig, runConfigSchema } from '../config/schema.ts'
import type { DataPosition } from '../data/training-data.ts'
import type { Executable } from '../graph/executable.ts'
import type { BufferRange, Plan } from '../graph/plan.ts'
import type { ParameterPool } from '../graph/pool.ts'
import type { Moments } from '../optim/moments.ts'
import type { StoredMoments } from '../optim/page-generations.ts'
import type { PageStore } from '../optim/page-store.ts'
import { throwIfCancelled } from '../util/abort.ts'
import { inputError, type Problem, StudioError } from '../util/errors.ts'
import { sha256 } from '../util/sha256.ts'
import { ARITHMETIC, isSameArithmetic } from './arithmetic.ts'
import type { Program } from './program.ts'

/** What must be the same for a resumed run to end as the uninterrupted one would have. */
export interface RunIdentity {
  config: RunConfig
  /** SHA-256 over what was looked at of the model and over all sequences of the run. */
  model: string
  data: string
  /** Names and shapes of the trainable tensors, in their order. */
  trainable: string
  /** SHA-256 of every kernel of the plan, by name. */
  kernels: Record<string, string>
}

/** A run at the end of a step, as it lies in a store under `run`: written last, so that all it names is there. */
export interface CheckpointManifest<Progress = unknown> {
  version: 1
  run: string
  step: number
  position: DataPosition
  identity: RunIdentity
  /** What the GPU was: another one may round differently. */
  device: string
  /** ARITHMETIC of the version that made it; older ones do not say. */
  arithmetic?: number
  /** Bytes of the trainable pool, in pieces. */
  values: StoredPiece[]
  moments: StoredMoments
  /** What the owner of the run wants to know when it goes on. */
  progress: Progress
}

interface StoredPiece {
  key: string
  offset: number
  sizeBytes: number
  sha256: string
}

const PIECE_BYTES = 16 << 20

const manifestKey = (run: string) => `${run}/checkpoint.json`
const valuesPrefix = (run: string) => `${run}/values/`

export interface CheckpointTarget {
  store: PageStore
  run: string
  program: Program
  executable: Executable
  moments: Moments
  identity: RunIdentity
  device: string
}

/** Writes a run's checkpoints. A crash at any moment leaves the one before whole, or the new one. */
export class CheckpointWriter {
  /** The step of the last checkpoint whose manifest is there, or may be. */
  private namedStep: number | null = null

  constructor(private readonly target: CheckpointTarget) {}

  /**
   * Saves the run as it stands at the end of `step`; nothing may be computed until it resolves.
   * @throws whatever the store throws
   * @returns bytes that the checkpoint takes
   */
  async save<Progress>(step: number, position: DataPosition, progress: Progress): Promise<number> {
    const { store, run, identity, device, moments } = this.target
    const { values, moments: saved } = await this.saveParts(step)
    const manifest: CheckpointManifest<Progress> = {
      version: 1,
      run,
      step,
      position,
      identity,
      device,
      arithmetic: ARITHMETIC,
      values,
      moments: saved,
      progress,
    }
    const bytes = new TextEncoder().encode(JSON.stringify(manifest))
    this.namedStep = step
    await store.put(manifestKey(run), bytes)
    await moments.committed(saved)
    await deleteOthers(store, run, values)
    return bytes.length + saved.elements * 8 + values.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  /** Brings the device back to where the checkpoint was made. @throws checkpoint/damaged, paging/lost-page, cancelled */
  async restore({ step, values, moments }: CheckpointManifest, signal?: AbortSignal): Promise<void> {
    const { store, run, executable } = this.target
    this.namedStep = step
    for (const { key, offset, sizeBytes, sha256: expected } of values) {
      throwIfCancelled(signal, 'Cancelled while the checkpoint was restored')
      const bytes = await store.get(key)
      if (!bytes || bytes.length !== sizeBytes || (await sha256(bytes)) !== expected) {
        throw new StudioError(
          'checkpoint/damaged',
          `${key} of the checkpoint is ${bytes ? 'damaged' : 'missing'}`,
          {
            hint: 'The run cannot be resumed; start it again.',
          },
        )
      }
      for (const { range, start } of this.valueRanges(offset, sizeBytes))
        executable.write(range, bytes.subarray(start, start + range.sizeBytes))
    }
    await this.target.moments.restore(moments, step)
    await deleteOthers(store, run, values)
  }

  /** What is left of a checkpoint that could not be completed must not fill a store that is full already. */
  private async saveParts(step: number): Promise<{ values: StoredPiece[]; moments: StoredMoments }> {
    const values: StoredPiece[] = []
    try {
      await this.saveValues(step, values)
      return { values, moments: await this.target.moments.save() }
    } catch (error) {
      const { store } = this.target
      if (step !== this.namedStep) await store.delete(values.map(({ key }) => key)).catch(() => {})
      throw error
    }
  }

  private async saveValues(step: number, pieces: StoredPiece[]): Promise<void> {
    const { store, run, executable } = this.target
    const poolBytes = this.pool().sizeBytes
    for (let offset = 0; offset < poolBytes; offset += PIECE_BYTES) {
      const sizeBytes = Math.min(PIECE_BYTES, poolBytes - offset)
      const bytes = new Uint8Array(sizeBytes)
      for (const { range, start } of this.valueRanges(offset, sizeBytes))
        bytes.set(await executable.read(range), start)
      const key = `${valuesPrefix(run)}${offset}.${step}`
      await store.put(key, bytes)
      pieces.push({ key, offset, sizeBytes, sha256: await sha256(bytes) })
    }
  }

  /** Where bytes of the pool are on the device, and where each run of them starts among those asked for. */
  private valueRanges(offset: number, sizeBytes: number): { range: BufferRange; start: number }[] {
    const pool = this.pool()
    const runs = pool.cut({ firstElement: offset / 4, elements: sizeBytes / 4 })
    return runs.map(({ segment, firstElement, elements }) => {
      const { key, firstElement: segmentFirst } = pool.segments[segment]
      const whole = this.target.executable.plan.tensors[key]
      return {
        range: {
          buffer: whole.buffer,
          offset: whole.offset + (firstElement - segmentFirst) * 4,
          sizeBytes: elements * 4,
        },
        start: firstElement * 4 - offset,
      }
    })
  }

  private pool(): ParameterPool {
    const { pool } = this.target.program
    if (!pool) throw new Error('nothing is trained')
    return pool
  }
}

/** Deletes the values of other checkpoints of the run; those that cannot be deleted now go next time. */
async function deleteOthers(store: PageStore, run: string, values: readonly StoredPiece[]): Promise<void> {
  const kept = new Set(values.map(({ key }) => key))
  try {
    const others = (await store.list(valuesPrefix(run))).filter((key) => !kept.has(key))
    if (others.length > 0) await store.delete(others)
  } catch {
    // They cost space, nothing else.
  }
}

/** The checkpoint of a run, or null. @throws checkpoint/damaged */
export async function readCheckpoint(store: PageStore, run: string): Promise<CheckpointManifest | null> {
  const bytes = await store.get(manifestKey(run))
  if (!bytes) return null
  try {
    const manifest = JSON.parse(new TextDecoder().decode(bytes)) as CheckpointManifest
    if (manifest.version === 1 && manifest.run === run) return manifest
  } catch {
    // Told below.
  }
  throw new StudioError('checkpoint/damaged', `The checkpoint of run ${run} cannot be read by this version`, {
    hint: 'Resume with the version that made it, or start the run again.',
  })
}

/** Runs that have a checkpoint in a store. */
export async function checkpointedRuns(store: PageStore): Promise<string[]> {
  const suffix = manifestKey('')
  return (await store.list('')).flatMap((key) => (key.endsWith(suffix) ? [key.slice(0, -suffix.length)] : []))
}

/** Deletes a run's checkpoint and pages: the manifest first, so that nothing half deleted can be resumed. */
export async function deleteCheckpoint(store: PageStore, run: string): Promise<void> {
  await store.delete([manifestKey(run)])
  await store.delete(await store.list(`${run}/`))
}

/** Settings that change when something is looked at or where bytes lie, and never what is computed. */
const FREE_SETTINGS: ReadonlySet<string> = new Set([
  'train.saveEvery',
  'train.logEvery',
  'train.evalEvery',
  'optimizer.paging',
])

/**
 * Refuses to go on from a checkpoint of something else. One of another arithmetic goes on, to other bytes; its kernels
 * may be others then.
 * @throws input/checkpoint that names all that differs
 */
export function checkIdentity(
  { identity: saved, arithmetic }: Pick<CheckpointManifest, 'identity' | 'arithmetic'>,
  current: RunIdentity,
): void {
  const problems: Problem[] = []
  const differs = (message: string, fix: string, path?: string) => problems.push({ message, fix, path })
  // One of an older version lacks settings that have come since: it ran with what is now their default.
  const config = runConfigSchema.safeParse(saved.config)
  for (const { path, was, is } of differences(config.data ?? saved.config, current.config)) {
    differs(
      `Setting "${path}" was ${JSON.stringify(was)} when the checkpoint was made, and is ${JSON.stringify(is)}`,
      `Set "${path}" back, or start a new run.`,
      path,
    )
  }
  if (saved.model !== current.model)
    differs('The checkpoint was made with another model', 'Open the model that the run began with.')
  if (saved.data !== current.data)
    differs('The checkpoint was made with other data', 'Open the dataset that the run began with, unchanged.')
  if (saved.trainable !== current.trainable)
    differs(
      'The checkpoint is of other tensors, or of another shape',
      'Give the model and the adapter that the run began with.',
    )
  const changed = [...new Set([...Object.keys(saved.kernels), ...Object.keys(current.kernels)])].filter(
    (name) => saved.kernels[name] !== current.kernels[name],
  )
  if (changed.length > 0 && isSameArithmetic({ arithmetic })) {
    differs(
      `The checkpoint was made with other kernels: ${changed.sort().join(', ')}`,
      'Resume on the device and with the version of the studio that it was made with.',
    )
  }
  if (problems.length > 0) throw inputError('checkpoint', problems)
}

function differences(
  saved: unknown,
  current: unknown,
  path = '',
): { path: string; was: unknown; is: unknown }[] {
  if (FREE_SETTINGS.has(path)) return []
  if (!isRecord(saved) || !isRecord(current)) {
    return JSON.stringify(saved) === JSON.stringify(current) ? [] : [{ path, was: saved, is: current }]
  }
  const keys = [...new Set([...Object.keys(saved), ...Object.keys(current)])]
  return keys.flatMap((key) => differences(saved[key], current[key], path ? `${path}.${key}` : key))
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** SHA-256 of each kernel that a plan trains with. */
export async function kernelHashes({ kernels, stages }: Plan): Promise<Record<string, string>> {
  const used = new Set(
    Object.values(stages).flatMap(({ name, commands }) =>
      /^(load|train|update)/.test(name)
        ? commands.flatMap((command) => (command.kind === 'dispatch' ? [command.kernel] : []))
        : [],
    ),
  )
  const hashes: Record<string, string> = {}
  for (const index of used) {
    const { kernel, access } = kernels[index]
    const digest = await hashOf([kernel, access])
    hashes[kernel.name] = hashes[kernel.name] ? await hashOf([hashes[kernel.name], digest].sort()) : digest
  }
  return hashes
}

/** SHA-256 of the trainable tensors' names and shapes, in the order in which they lie in the pool. */
export const trainableHash = ({ pool }: Program): Promise<string> =>
  hashOf((pool?.tensors ?? []).map(({ name, shape }) => [name, shape]))

const hashOf = (value: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(value)))
