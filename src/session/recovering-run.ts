import type { RunConfig } from '../config/schema.ts'
import type { StepRows } from '../data/step-rows.ts'
import type { Runtime } from '../graph/executable.ts'
import type { PageStore } from '../optim/page-store.ts'
import { readCheckpoint } from '../train/checkpoint.ts'
import { isCancelled, unlessCancelled } from '../util/abort.ts'
import { StudioError } from '../util/errors.ts'
import { emptySummary, type RunCheckpoint } from './checkpoints.ts'
import { isDeviceLoss, reopenDevice } from './device-loss.ts'
import type { RunEvent, RunSummary } from './events.ts'
import type { OutputFile } from './files.ts'
import type { LoadedProgram } from './generation.ts'
import type { RunSession } from './run-session.ts'

export interface SessionStart {
  runtime: Runtime
  runId: string
  /** What it goes on from; null: from the beginning. */
  from: RunCheckpoint | null
  /** Whether a session before it was lost. */
  again: boolean
  /** Aborted when the run is cancelled or stopped: a session that has not begun is then of no use. */
  ending: AbortSignal
  onEvent: (event: RunEvent) => void
}

export interface RecoveringRunOptions {
  config: RunConfig
  /** Makes a session that has not begun. */
  open(start: SessionStart): Promise<RunSession>
  /** The device; asked again after a loss. */
  runtime(): Promise<Runtime>
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

export interface RunPlace {
  runId: string
  /** Where its checkpoints are kept, and the one that it goes on from. */
  storage?: { store: PageStore; from: RunCheckpoint | null }
}

const NEVER = new AbortController().signal

/** So many losses at one place are not bad luck: what is asked of the GPU is too much for it. */
const MAX_LOSSES = 3

/**
 * A run that outlives its device: when that is lost, it goes on from its last checkpoint on the next one, to the bytes
 * of a run that lost nothing. To its owner it is one run, which can be paused and stopped before `run` is called.
 */
export class RecoveringRun {
  readonly config: RunConfig
  private place: RunPlace = { runId: '' }
  private session: RunSession | null = null
  /** The last one that began, also when its device is gone: its data is not on the device. */
  private latest: RunSession | null = null
  private runtime: Runtime | null = null
  /** Whether what was on the device is gone. */
  private lost = false
  private ended = false
  private pauseWanted = false
  private readonly stopping = new AbortController()
  private readonly ending: AbortSignal
  /** Whether it was stopped where the device held nothing that could be kept. */
  private endedEarly = false
  private step = 0
  /** Resolves when a lost session has a successor, or the run has ended. */
  private successor = signalOf()
  /** Resolves when the session is no longer the run's. */
  private gone = signalOf()

  constructor(private readonly options: RecoveringRunOptions) {
    const { config, signal } = options
    this.config = config
    this.ending = signal ? AbortSignal.any([signal, this.stopping.signal]) : this.stopping.signal
  }

  async run(place: RunPlace): Promise<RunSummary> {
    this.place = place
    let from = place.storage?.from ?? null
    this.step = from?.step ?? 0
    let runtime: Runtime | null = null
    let furthest = -1
    let losses = 0
    try {
      for (;;) {
        try {
          runtime = await this.device(runtime)
          const session = await this.begin(runtime, from, this.lost)
          const summary = await session.run()
          if (!session.loaded) this.endEarly()
          return summary
        } catch (error) {
          if (this.isStop(error)) return this.stopAt(from)
          if (!isDeviceLoss(error) || this.options.signal?.aborted || !runtime) throw error
          losses = this.step > furthest ? 1 : losses + 1
          furthest = Math.max(furthest, this.step)
          from = await this.checkpoint(error)
          if (this.stopping.signal.aborted) return this.stopAt(from)
          if (losses >= MAX_LOSSES) throw lostTooOften(error, losses, this.step, from)
          this.forget()
          this.gone.resolve()
          this.gone = signalOf()
          this.options.onEvent({
            type: 'run/device-lost',
            step: this.step,
            resumesFrom: from?.step ?? 0,
            message: error.message,
          })
        }
      }
    } finally {
      this.ended = true
      this.successor.resolve()
      this.gone.resolve()
    }
  }

  /** The first device, or the one after `lost`. */
  private device(lost: Runtime | null): Promise<Runtime> {
    if (lost) return reopenDevice(this.options.runtime, lost, this.ending)
    return unlessCancelled(this.options.runtime(), this.ending, 'The run was ended before it had a device')
  }

  /** Whether an error is only a stop that was heard before the run was on a device. */
  private isStop(error: unknown): boolean {
    return isCancelled(error) && this.stopping.signal.aborted && !this.options.signal?.aborted
  }

  private stopAt(from: RunCheckpoint | null): RunSummary {
    this.endEarly()
    const summary = { ...(from?.progress.summary ?? emptySummary(this.place.runId)), stopped: true }
    this.options.onEvent({ type: 'run/finished', summary })
    return summary
  }

  /** What it had learned is in its last checkpoint, if there is one: who asks for it gets it from there. */
  private endEarly(): void {
    this.endedEarly = true
    this.forget()
  }

  pause(): void {
    this.pauseWanted = true
    this.session?.pause()
  }

  resume(): void {
    this.pauseWanted = false
    this.session?.resume()
  }

  stop(): void {
    this.stopping.abort(new StudioError('cancelled', 'The run was stopped'))
    this.session?.stop()
  }

  async save(): Promise<{ step: number }> {
    for (;;) {
      const { session } = this
      if (!session) {
        await this.successor.promise
        if (!this.session) throw new StudioError('run/ended', 'The run ended before it could be saved')
        continue
      }
      const { gone } = this
      try {
        await session.begun
        return await session.save()
      } catch (error) {
        if (!(error instanceof StudioError && (error.code === 'run/ended' || isDeviceLoss(error))))
          throw error
        await gone.promise
        if (this.ended) throw error
        // Its successor is asked instead.
      }
    }
  }

  /** What a step is trained on. @throws input/no-step, run/not-begun while the data is still being read */
  rowsOf(step: number): StepRows {
    if (this.latest) return this.latest.rowsOf(step)
    throw new StudioError('run/not-begun', 'The run is still reading its data', {
      hint: 'Ask again in a moment.',
    })
  }

  /** What has been learned, as it stands, and its step. Where its device was lost, it comes from the last checkpoint. */
  async exportStep(): Promise<{ step: number; files: OutputFile[] }> {
    await this.onDevice()
    const session = this.session ?? nothingTrained()
    try {
      return await session.exportStep()
    } catch (error) {
      if (!isDeviceLoss(error)) throw error
      this.markLost()
      await this.onDevice()
      return (this.session ?? nothingTrained()).exportStep()
    }
  }

  /**
   * Resolves when what the run has learned is on a device: at once, unless the device was lost. A run that is under way
   * brings it back itself; one that has ended is brought back from its last checkpoint.
   */
  async onDevice(): Promise<void> {
    if (!this.lost) return
    if (!this.ended) {
      await this.successor.promise
      await this.session?.begun
      return
    }
    const { storage, runId } = this.place
    const from = storage ? ((await readCheckpoint(storage.store, runId)) as RunCheckpoint | null) : null
    if (!from) {
      if (this.endedEarly) nothingTrained()
      throw lostForGood()
    }
    this.forget()
    const session = await this.begin(await this.options.runtime(), from, true, () => {})
    await session.bringBack()
  }

  /** Whether it stands still between two steps. */
  get isHeld(): boolean {
    return this.session?.isHeld ?? false
  }

  /** The model with its live adapter on the device, while it is there. */
  get loaded(): LoadedProgram | null {
    return this.lost ? null : (this.session?.loaded ?? null)
  }

  dispose(): void {
    this.forget()
  }

  private async begin(
    runtime: Runtime,
    from: RunCheckpoint | null,
    again: boolean,
    onEvent = this.options.onEvent,
  ): Promise<RunSession> {
    const session = await this.options.open({
      runtime,
      runId: this.place.runId,
      from,
      again,
      // One that has ended is only brought back.
      ending: this.ended ? NEVER : this.ending,
      onEvent: (event) => {
        if (event.type === 'run/started') this.step = event.resumedFrom ?? 0
        if (event.type === 'run/step') this.step = event.step.step
        onEvent(event)
      },
    })
    this.runtime = runtime
    this.lost = false
    this.session = session
    this.latest = session
    this.successor.resolve()
    runtime.lost.then(() => {
      if (this.runtime === runtime) this.markLost()
    })
    if (this.pauseWanted) session.pause()
    if (!this.ended && this.stopping.signal.aborted) session.stop()
    return session
  }

  private markLost(): void {
    if (this.lost) return
    this.lost = true
    if (!this.ended) this.successor = signalOf()
  }

  private forget(): void {
    this.markLost()
    this.session?.dispose()
    this.session = null
  }

  /** What a lost run goes on from. @throws the loss itself where that would be all its work over again, unsaved */
  private async checkpoint(loss: StudioError): Promise<RunCheckpoint | null> {
    const { storage, runId } = this.place
    if (storage) return (await readCheckpoint(storage.store, runId)) as RunCheckpoint | null
    if (this.step === 0) return null
    throw new StudioError('device/lost', `${loss.message}. The run was at step ${this.step}`, {
      hint: 'It kept no checkpoints, so it has to be started again. Give it a storage to keep them in.',
      cause: loss,
    })
  }
}

function lostTooOften(
  loss: StudioError,
  losses: number,
  step: number,
  from: RunCheckpoint | null,
): StudioError {
  const saved = from ? `It can be gone on with from step ${from.step}. ` : ''
  return new StudioError(
    'device/lost',
    `The GPU was lost ${losses} times in a row after step ${step}. ${loss.message}`,
    {
      hint: `${saved}Close other programs that use the GPU, or start again with a lower batch size or sequence length: the GPU may have too little memory, or a step may take it too long.`,
      cause: loss,
    },
  )
}

const lostForGood = () =>
  new StudioError('device/lost', 'The GPU was lost, and what the run had learned was on it', {
    hint: 'The run kept no checkpoint: start it again.',
  })

function nothingTrained(): never {
  throw new StudioError('run/nothing-trained', 'Nothing has been trained yet', { hint: 'Start a run first.' })
}

function signalOf(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
