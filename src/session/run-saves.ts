import type { DataPosition } from '../data/training-data.ts'
import type { PagingWarning } from '../optim/moments.ts'
import type { CheckpointWriter } from '../train/checkpoint.ts'
import { reasonOf, StudioError } from '../util/errors.ts'
import type { RunCheckpoint, RunProgress } from './checkpoints.ts'
import type { RunEvent, RunSummary } from './events.ts'

interface RunSavesOptions {
  /** What is kept of a run that has no checkpoint yet. */
  unsaved: RunSummary
  from: RunCheckpoint | null
  /** The run as it stands between two steps. */
  state: () => { position: DataPosition; progress: RunProgress }
  onEvent: (event: RunEvent) => void
}

/** The checkpoints of one run: those that its recipe asks for, and those that somebody asks for on the way. */
export class RunSaves {
  /** The step of the last checkpoint; null when there is none. */
  savedStep: number | null = null
  /** The summary of the last checkpoint. */
  kept: RunSummary
  private writer: CheckpointWriter | null = null
  private readonly asked: { resolve: (saved: { step: number }) => void; reject: (error: unknown) => void }[] =
    []
  private hasWarned = false

  constructor(private readonly options: RunSavesOptions) {
    this.kept = options.from?.progress.summary ?? options.unsaved
  }

  /** From here on there is something that can be saved. */
  begin(writer: CheckpointWriter): void {
    this.writer = writer
  }

  /** Brings the device back to where the checkpoint was made. */
  async restore(from: RunCheckpoint, signal: AbortSignal): Promise<void> {
    await this.writer?.restore(from, signal)
    this.savedStep = from.step
  }

  /** Whether somebody waits for a checkpoint. */
  get isAsked(): boolean {
    return this.asked.length > 0
  }

  /** Resolves with the step at whose end the run was saved. @throws run/no-storage, or what the store throws */
  ask(): Promise<{ step: number }> {
    if (this.writer) return new Promise((resolve, reject) => this.asked.push({ resolve, reject }))
    if (this.savedStep !== null) return Promise.resolve({ step: this.savedStep })
    return Promise.reject(
      new StudioError('run/no-storage', 'This run keeps no checkpoints, or none yet', {
        hint: 'Start it with a storage, and wait until it trains.',
      }),
    )
  }

  /** Saves the run as it stands at the end of a step, unless that has been done. A run goes on without, warned once. */
  async saveAt(step: number): Promise<void> {
    if (!this.writer) return
    const asked = this.asked.splice(0)
    try {
      if (this.savedStep !== step) await this.write(this.writer, step)
      for (const { resolve } of asked) resolve({ step })
    } catch (error) {
      for (const { reject } of asked) reject(error)
      // A lost device ends the run with its own words.
      if (error instanceof StudioError && error.code.startsWith('device/')) throw error
      this.warn({
        code: 'checkpoint/failed',
        message: `Step ${step} could not be saved (${reasonOf(error)}); training goes on`,
        fix: 'Free space on the disk. The checkpoint before it, if there is one, is whole.',
      })
    }
  }

  private async write(writer: CheckpointWriter, step: number): Promise<void> {
    const from = performance.now()
    const { position, progress } = this.options.state()
    const sizeBytes = await writer.save(step, position, progress)
    this.savedStep = step
    this.kept = progress.summary
    this.options.onEvent({ type: 'run/checkpoint', step, sizeBytes, durationMs: performance.now() - from })
  }

  /** Tells of a storage that fails, once a run. */
  warn(warning: PagingWarning): void {
    if (this.hasWarned) return
    this.hasWarned = true
    this.options.onEvent({ type: 'run/warning', ...warning })
  }

  /** Saves asked for after the last rest: what they want is there if the run ended well. */
  async end(restsAt: number): Promise<void> {
    if (this.isAsked && this.savedStep === restsAt) await this.saveAt(restsAt)
    for (const { reject } of this.asked.splice(0)) {
      reject(
        new StudioError('run/ended', 'The run ended before it could be saved', {
          hint: 'A run that ends well is saved by itself.',
        }),
      )
    }
    this.writer = null
  }
}
