import type { RunConfig } from '../config/schema.ts'
import { type StepRows, stepRows } from '../data/step-rows.ts'
import type { Executable } from '../graph/executable.ts'
import { train } from '../train/trainer.ts'
import { isCancelled, throwIfCancelled } from '../util/abort.ts'
import { inputError } from '../util/errors.ts'
import type { RunSummary } from './events.ts'
import { exportTrained } from './export-run.ts'
import type { OutputFile } from './files.ts'
import type { LoadedProgram } from './generation.ts'
import { RestingWork } from './resting-work.ts'
import { RunMemory } from './run-memory.ts'
import { RunReport } from './run-report.ts'
import { RunSamples } from './run-samples.ts'
import { RunSaves } from './run-saves.ts'
import { evaluationProgress, type RunOptions, type Started, startRun } from './start-run.ts'

/** One run from Start to its end, and its adapter for as long as it is kept. In the order of its life; commands below. */
export class RunSession {
  readonly runId: string
  private readonly stopping = new AbortController()
  /** Aborted when the run is cancelled or stopped: what comes before the first step is then given up. */
  private readonly ending: AbortSignal
  private readonly options: RunOptions
  private readonly memory: RunMemory
  private readonly report: RunReport
  private readonly saves: RunSaves
  private readonly samples: RunSamples
  private readonly resting = new RestingWork()
  private executable: Executable | null = null
  private restsAt = 0
  /** Whether the run comes to rest only to be read or to answer its samples, which is no reason for a checkpoint. */
  private restsLightly = false
  private restsForSamples = false
  private pausing: { promise: Promise<void>; release: () => void } | null = null
  private held = false
  private tellBegun = () => {}
  /** Resolves when the weights and all that was learned are on the device, or the run has ended before that. */
  readonly begun = new Promise<void>((resolve) => {
    this.tellBegun = resolve
  })

  constructor(options: RunOptions) {
    this.memory = new RunMemory(options.runtime.memory, options.onEvent)
    this.options = { ...options, onEvent: this.memory.pass }
    const { prepared, model, signal, onEvent } = this.options
    const from = options.storage?.from ?? null
    const { steps } = prepared
    this.runId = from?.run ?? options.runId ?? crypto.randomUUID()
    this.ending = signal ? AbortSignal.any([signal, this.stopping.signal]) : this.stopping.signal
    this.report = new RunReport({
      runId: this.runId,
      from,
      prepared,
      allocatedBytes: () => this.allocatedBytes,
      onEvent,
    })
    this.saves = new RunSaves({
      unsaved: { ...this.report.summary },
      from,
      state: () => ({
        position: steps.position,
        progress: {
          summary: { ...this.report.summary },
          totalSteps: steps.totalSteps,
          modelName: model.name,
          savedAt: Date.now(),
          recent: this.report.recent,
        },
      }),
      onEvent,
    })
    this.samples = new RunSamples({
      planned: options.samples ?? null,
      totalSteps: steps.totalSteps,
      stepsDone: steps.stepsDone,
      ending: this.ending,
      onEvent,
    })
  }

  async run(): Promise<RunSummary> {
    const { prepared, onEvent, signal } = this.options
    const startedAt = performance.now()
    // A cancelled run must not wait for a resume that never comes.
    signal?.addEventListener('abort', () => this.resume(), { once: true })
    let summary: RunSummary
    try {
      const started = await this.start()
      await this.toEnd(started)
      summary = this.report.summary
      summary.stopped = summary.steps < prepared.steps.totalSteps
      summary.durationMs += performance.now() - startedAt
    } catch (error) {
      if (!this.isStop(error)) throw error
      summary = { ...this.saves.kept, stopped: true }
    } finally {
      this.tellBegun()
      this.memory.end()
    }
    onEvent({ type: 'run/finished', summary })
    return summary
  }

  /** In the place of a run: only brings what was saved onto the device. */
  async bringBack(): Promise<void> {
    try {
      const { moments } = await this.start()
      await moments.settled()
      await this.saves.end(this.restsAt)
    } finally {
      this.tellBegun()
      this.memory.end()
    }
  }

  /** Whether an error is only a stop that was heard before a step, or within one. */
  private isStop(error: unknown): boolean {
    return isCancelled(error) && this.stopping.signal.aborted && !this.options.signal?.aborted
  }

  private async start(): Promise<Started> {
    const { runId, ending, report, saves, samples } = this
    try {
      const started = await startRun(this.options, { runId, ending, report, saves, samples })
      this.executable = started.executable
      this.restsAt = this.options.storage?.from?.step ?? 0
      this.tellBegun()
      return started
    } catch (error) {
      await saves.end(this.restsAt)
      throw error
    }
  }

  private async toEnd(started: Started): Promise<void> {
    const { moments } = started
    try {
      if (this.options.again) await this.standAgain()
      await this.resting.go()
      await this.train(started)
    } catch (error) {
      await moments.settled()
      if (this.isStop(error)) this.giveUpStep()
      throw error
    } finally {
      await moments.settled()
      await this.resting.rest()
      await this.saves.end(this.restsAt)
    }
    throwIfCancelled(this.options.signal, 'The run was cancelled')
  }

  /** A run that its owner had paused when its device was lost stays so. */
  private async standAgain(): Promise<void> {
    if (this.pausing) await this.holdWhilePaused(this.restsAt)
    else this.options.onEvent({ type: 'run/resumed', step: this.restsAt })
  }

  private async train({ executable, moments, loaded }: Started): Promise<void> {
    const { prepared, signal } = this.options
    const { config, steps, evaluationBatches } = prepared
    this.report.begin(loaded)
    const events = train({
      executable,
      config,
      moments,
      steps,
      totalSteps: steps.totalSteps,
      stepsDone: steps.stepsDone,
      evaluationBatches,
      shouldStop: () => this.ending.aborted,
      restsAfter: (step) => this.restsAfter(step),
      onEvaluationBatch: evaluationProgress(this.options),
      signal,
    })
    for await (const event of events) {
      if (event.type === 'rest') await this.rest(event.step)
      this.report.take(event)
    }
  }

  private restsAfter(step: number): boolean {
    const { prepared, storage } = this.options
    const { saveEvery } = prepared.config.train
    const rests =
      step === prepared.steps.totalSteps ||
      this.pausing !== null ||
      this.saves.isAsked ||
      (storage !== undefined && saveEvery > 0 && step % saveEvery === 0)
    this.restsForSamples = !rests && this.samples.isDue(step, this.report.trainingMs)
    this.restsLightly = !rests && (this.restsForSamples || this.resting.isWanted)
    return rests || this.restsLightly
  }

  /** Everything that waits for a moment between two steps. */
  private async rest(step: number): Promise<void> {
    this.restsAt = step
    await this.resting.rest()
    if (this.restsForSamples || this.samples.isDue(step, this.report.trainingMs))
      await this.samples.take(step)
    const saves = !this.restsLightly || this.ending.aborted || this.pausing || this.saves.isAsked
    if (saves && !this.options.signal?.aborted) await this.saves.saveAt(step)
    await this.holdWhilePaused(step)
    await this.resting.go()
  }

  private async holdWhilePaused(step: number): Promise<void> {
    if (!this.pausing || this.ending.aborted) return
    const { runtime, onEvent } = this.options
    // Whoever hears of the pause may end it at once.
    const { promise } = this.pausing
    this.held = true
    if (this.saves.isAsked) await this.saves.saveAt(step)
    onEvent({ type: 'run/paused', step })
    const lost = runtime.lost.then((error) => {
      throw error
    })
    try {
      // A device that is lost meanwhile is not found out about only when it is needed again.
      await Promise.race([promise, lost])
    } finally {
      this.held = false
    }
    if (!this.ending.aborted) onEvent({ type: 'run/resumed', step })
  }

  /** A step that has updated only some of the pages is of no use: what was saved last is what the run has. */
  private giveUpStep(): void {
    const { savedStep } = this.saves
    const what =
      savedStep === null ? 'none of it had been saved' : `what it has is the checkpoint of step ${savedStep}`
    this.dispose()
    this.options.onEvent({
      type: 'run/warning',
      code: 'run/step-given-up',
      message: `The run was stopped in the middle of a step that waited for the disk: ${what}`,
      fix: 'Free space on the disk before it goes on.',
    })
  }

  private get allocatedBytes(): number {
    return (this.executable?.allocatedBytes ?? 0) + this.samples.allocatedBytes
  }

  /** Holds the run at the next step boundary. */
  pause(): void {
    if (this.pausing) return
    let release = () => {}
    const promise = new Promise<void>((resolve) => {
      release = resolve
    })
    this.pausing = { promise, release }
  }

  resume(): void {
    this.pausing?.release()
    this.pausing = null
  }

  /** Whether it stands still between two steps. */
  get isHeld(): boolean {
    return this.held
  }

  /**
   * Ends after the step under way. Before the first step, and where a step waits for a store that does not give what it
   * needs, it ends at once: with what was saved last, and with nothing on the device.
   */
  stop(): void {
    this.stopping.abort()
    this.resume()
  }

  /** Resolves with the step at whose end the run was saved. @throws run/no-storage, or what the store throws */
  save(): Promise<{ step: number }> {
    const saved = this.saves.ask()
    if (this.held) this.saves.saveAt(this.restsAt).catch(() => {})
    return saved
  }

  get config(): RunConfig {
    return this.options.prepared.config
  }

  /** What a step is trained on, whatever the run is at. @throws input/no-step */
  rowsOf(step: number): StepRows {
    const { prepared, model } = this.options
    const sequences = prepared.steps.sequencesOf(step)
    if (sequences) return stepRows(step, sequences, model.tokenizer ?? undefined)
    const { totalSteps } = prepared.steps
    throw inputError('no-step', [
      { message: `The run has no step ${step}`, fix: `Name one from 1 to ${totalSteps}.` },
    ])
  }

  /** The model with its live adapter on the device, once it is there and until the run is disposed of. */
  get loaded(): LoadedProgram | null {
    const { model, prepared } = this.options
    return this.executable && { model, program: prepared.program, executable: this.executable }
  }

  /** What has been learned, as it stands between two steps. @throws run/nothing-trained */
  async exportTrained(): Promise<OutputFile[]> {
    return (await this.exportStep()).files
  }

  /** The same, with its step. */
  exportStep(): Promise<{ step: number; files: OutputFile[] }> {
    return this.resting.do(async () => {
      const step = this.restsAt
      return { step, files: await exportTrained(this.loaded, this.config, this.options.adapter) }
    })
  }

  dispose(): void {
    this.samples.dispose()
    this.executable?.destroy()
    this.executable = null
  }
}
