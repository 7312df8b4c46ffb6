import type { RunConfig } from '../config/schema.ts'
import { type StepRows, stepRows } from '../data/step-rows.ts'
import type { PeftAdapter } from '../formats/peft-adapter.ts'
import type { SidePlan } from '../graph/device-memory.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import type { Moments, PagingStatistics } from '../optim/moments.ts'
import type { PageStore } from '../optim/page-store.ts'
import { adaptedLinears, initialAdapter, writeAdapter } from '../train/adapter-state.ts'
import { isSameArithmetic } from '../train/arithmetic.ts'
import { CheckpointWriter, checkIdentity } from '../train/checkpoint.ts'
import { createMoments } from '../train/create-moments.ts'
import { evaluate } from '../train/evaluate.ts'
import { type LoadedWeight, loadWeights } from '../train/load-weights.ts'
import type { Program } from '../train/program.ts'
import type { StepTime } from '../train/step-clock.ts'
import { type TrainerEvent, train } from '../train/trainer.ts'
import { isCancelled, throwIfCancelled } from '../util/abort.ts'
import { inputError, reasonOf, StudioError } from '../util/errors.ts'
import {
  deviceLine,
  emptySummary,
  type RunCheckpoint,
  type RunProgress,
  recentSteps,
  runIdentity,
} from './checkpoints.ts'
import type { MetricName, RunEvent, RunSummary, StepMetrics } from './events.ts'
import { exportTrained } from './export-run.ts'
import type { OutputFile } from './files.ts'
import type { LoadedProgram } from './generation.ts'
import type { OpenedModel } from './open-model.ts'
import { runBytes } from './plan-run.ts'
import type { PreparedRun } from './prepare-run.ts'
import { RestingWork } from './resting-work.ts'
import { RunMemory } from './run-memory.ts'
import { SampleSchedule } from './sample-schedule.ts'
import { type PlannedSamples, Samples } from './samples.ts'

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

/** Program on a device with its weights loaded: what training, evaluation and logits start from. */
export async function realiseProgram(
  program: Program,
  {
    model,
    runtime,
    onEvent,
    signal,
    countAs,
  }: Pick<RunOptions, 'model' | 'runtime' | 'onEvent' | 'signal'> & { countAs?: SidePlan },
): Promise<{ executable: Executable; loaded: LoadedWeight[] }> {
  const executable = await runtime.realise(program.plan, {
    signal,
    countAs,
    onProgress: (done, total) =>
      onEvent({ type: 'run/progress', phase: 'compiling', done, total, unit: 'kernels' }),
  })
  try {
    onEvent({ type: 'memory/allocated', bytes: executable.allocatedBytes })
    const loaded: LoadedWeight[] = []
    for await (const weight of loadWeights(program, executable, model.checkpoint.tensors, signal)) {
      loaded.push(weight)
      onEvent({
        type: 'run/progress',
        phase: 'quantizing',
        done: weight.done,
        total: weight.total,
        unit: 'tensors',
      })
      if (weight.quantization) onEvent({ type: 'quant/tensor', tensor: weight.quantization })
    }
    return { executable, loaded }
  } catch (error) {
    executable.destroy()
    throw error
  }
}

/** More than come between two writes of whoever keeps the curve. */
const RECENT_STEPS = 256

/** One run from Start to its end, and its adapter for as long as it is kept. */
export class RunSession {
  readonly runId: string
  private executable: Executable | null = null
  private samples: Samples | null = null
  private readonly sampling: SampleSchedule
  private checkpoints: CheckpointWriter | null = null
  private summary: RunSummary
  private readonly saves: { resolve: (saved: { step: number }) => void; reject: (error: unknown) => void }[] =
    []
  private recent: StepMetrics[]
  private restsAt = 0
  private savedStep: number | null = null
  private hasWarnedOfStorage = false
  private readonly stopping = new AbortController()
  /** Aborted when the run is cancelled or stopped: what comes before the first step is then given up. */
  private readonly ending: AbortSignal
  /** Of the last checkpoint, or of a run that has not begun. */
  private kept: RunSummary
  private pausing: { promise: Promise<void>; release: () => void } | null = null
  private held = false
  private readonly resting = new RestingWork()
  private tellBegun = () => {}
  /** Resolves when the weights and all that was learned are on the device, or the run has ended before that. */
  readonly begun = new Promise<void>((resolve) => {
    this.tellBegun = resolve
  })

  private readonly options: RunOptions
  private readonly memory: RunMemory

  constructor(options: RunOptions) {
    this.memory = new RunMemory(options.runtime.memory, options.onEvent)
    this.options = { ...options, onEvent: this.memory.pass }
    const from = options.storage?.from
    const { signal } = options
    this.ending = signal ? AbortSignal.any([signal, this.stopping.signal]) : this.stopping.signal
    const { totalSteps, stepsDone } = options.prepared.steps
    this.sampling = new SampleSchedule(options.samples?.every ?? null, totalSteps, stepsDone)
    this.runId = from?.run ?? options.runId ?? crypto.randomUUID()
    this.recent = from ? recentSteps(from.progress) : []
    this.kept = from?.progress.summary ?? emptySummary(this.runId)
    this.summary = { ...this.kept }
  }

  /**
   * Ends after the step under way. Before the first step, and where a step waits for a store that does not give what it
   * needs, it ends at once: with what was saved last, and with nothing on the device.
   */
  stop(): void {
    this.stopping.abort()
    this.resume()
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

  /** Resolves with the step at whose end the run was saved. @throws run/no-storage, or what the store throws */
  save(): Promise<{ step: number }> {
    if (!this.checkpoints) {
      if (this.savedStep !== null) return Promise.resolve({ step: this.savedStep })
      return Promise.reject(
        new StudioError('run/no-storage', 'This run keeps no checkpoints, or none yet', {
          hint: 'Start it with a storage, and wait until it trains.',
        }),
      )
    }
    const saved = new Promise<{ step: number }>((resolve, reject) => this.saves.push({ resolve, reject }))
    if (this.held) this.saveAt(this.restsAt).catch(() => {})
    return saved
  }

  /** Whether it stands still between two steps. */
  get isHeld(): boolean {
    return this.held
  }

  get config(): RunConfig {
    return this.options.prepared.config
  }

  /** The model with its live adapter on the device, once it is there and until the run is disposed of. */
  get loaded(): LoadedProgram | null {
    const { model, prepared } = this.options
    return this.executable && { model, program: prepared.program, executable: this.executable }
  }

  async run(): Promise<RunSummary> {
    const { prepared, onEvent, signal } = this.options
    const startedAt = performance.now()
    // A cancelled run must not wait for a resume that never comes.
    signal?.addEventListener('abort', () => this.resume(), { once: true })
    let summary: RunSummary
    try {
      const started = await this.start()
      summary = await this.toEnd(started)
      summary.stopped = summary.steps < prepared.steps.totalSteps
      summary.durationMs += performance.now() - startedAt
    } catch (error) {
      if (!this.isStop(error)) throw error
      summary = { ...this.kept, stopped: true }
    } finally {
      this.tellBegun()
      this.memory.end()
    }
    onEvent({ type: 'run/finished', summary })
    return summary
  }

  /** Only brings what was saved onto the device. */
  async bringBack(): Promise<void> {
    try {
      const { moments } = await this.start()
      await moments.settled()
    } finally {
      this.checkpoints = null
      this.tellBegun()
    }
  }

  /** Whether an error is only a stop that was heard before a step, or within one. */
  private isStop(error: unknown): boolean {
    const { signal } = this.options
    return isCancelled(error) && this.stopping.signal.aborted && !signal?.aborted
  }

  /** All that has to be there before the first step. What was given up or has failed leaves nothing on the device. */
  private async start(): Promise<Started> {
    try {
      const started = await this.bringUp()
      throwIfCancelled(this.ending, 'The run was ended before its first step')
      this.restsAt = this.options.storage?.from?.step ?? 0
      this.tellBegun()
      return started
    } catch (error) {
      await this.endSaves()
      this.dispose()
      throw error
    }
  }

  private async bringUp(): Promise<Started> {
    const { model, prepared, samples, runtime, storage, onEvent, again } = this.options
    const signal = this.ending
    const { program, steps } = prepared
    const { totalSteps } = steps
    const plan = program.plan
    const from = storage?.from ?? null
    const identity = storage && (await runIdentity(model, prepared))
    if (from && identity) checkIdentity(from, identity)
    const planned = runBytes(plan, samples)
    onEvent({
      type: 'run/started',
      runId: this.runId,
      totalSteps,
      plannedBytes: planned.bytes,
      totalBytes: planned.totalBytes,
      trainableParameters: program.pool?.trainableElements ?? 0,
      maxBufferBytes: runtime.traits.limits.maxBufferSize,
      ...((from || again) && { resumedFrom: from?.step ?? 0 }),
      ...(from && { recent: this.recent }),
    })
    const { executable, loaded } = await realiseProgram(program, { model, runtime, onEvent, signal })
    this.executable = executable
    if (samples) {
      const onProgress = (done: number, total: number) =>
        onEvent({ type: 'run/progress', phase: 'compiling', done, total, unit: 'kernels' })
      this.samples = await Samples.realise(samples, executable, runtime, { onProgress, signal })
      onEvent({ type: 'memory/allocated', bytes: this.allocatedBytes })
    }
    this.summary.gpuBytes = this.allocatedBytes
    const moments = createMoments(program, executable, {
      store: storage?.store,
      run: this.runId,
      signal,
      onWarning: (warning) => this.warnOfStorage(warning),
    })
    if (storage && identity) {
      const { store } = storage
      this.checkpoints = new CheckpointWriter({
        store,
        run: this.runId,
        program,
        executable,
        moments,
        identity,
        device: deviceLine(runtime),
      })
    }
    try {
      await this.begin(executable)
    } catch (error) {
      await moments.settled()
      throw error
    }
    return { executable, moments, loaded }
  }

  private async toEnd({ executable, moments, loaded }: Started): Promise<RunSummary> {
    try {
      if (this.options.again) await this.goOn(this.restsAt)
      await this.resting.go()
      await this.train(executable, moments, loaded)
    } catch (error) {
      await moments.settled()
      if (this.isStop(error)) this.giveUpStep()
      throw error
    } finally {
      await moments.settled()
      await this.resting.rest()
      await this.endSaves()
    }
    throwIfCancelled(this.options.signal, 'The run was cancelled')
    return this.summary
  }

  /** A step that has updated only some of the pages is of no use: what was saved last is what the run has. */
  private giveUpStep(): void {
    const what =
      this.savedStep === null
        ? 'none of it had been saved'
        : `what it has is the checkpoint of step ${this.savedStep}`
    this.dispose()
    this.options.onEvent({
      type: 'run/warning',
      code: 'run/step-given-up',
      message: `The run was stopped in the middle of a step that waited for the disk: ${what}`,
      fix: 'Free space on the disk before it goes on.',
    })
  }

  /** Adapter, moments and the loss before training: fresh, or of the checkpoint. */
  private async begin(executable: Executable): Promise<void> {
    const { prepared, adapter, runtime, storage, onEvent } = this.options
    const { program, config, evaluationBatches } = prepared
    const from = storage?.from
    if (from) {
      await this.checkpoints?.restore(from, this.ending)
      this.savedStep = from.step
      const device = deviceLine(runtime)
      if (from.device !== device) {
        onEvent({
          type: 'run/warning',
          code: 'checkpoint/other-device',
          message: `The checkpoint was made on ${from.device}; this is ${device}, which may round differently`,
          fix: 'Resume on the same GPU if the result must be the same to the last bit.',
        })
      }
      if (!isSameArithmetic(from)) {
        onEvent({
          type: 'run/warning',
          code: 'checkpoint/other-arithmetic',
          message:
            'The run goes on, but not to the same bytes as an uninterrupted one, because the checkpoint was made by a version of the studio that adds its numbers in another order',
          fix: 'Resume with the version that made it if the result must be the same to the last bit.',
        })
      }
      return
    }
    writeAdapter(
      executable,
      program.weights,
      adapter?.modules ?? initialAdapter(program.weights, config.train.seed),
    )
    await this.takeSamples(0)
    if (!evaluationBatches) return
    const evaluation = await evaluate(executable, evaluationBatches(), {
      onBatch: this.onEvaluationBatch(),
      signal: this.ending,
    })
    this.summary.evalLossBefore = evaluation.loss
    onEvent({ type: 'run/evaluated', step: 0, ...evaluation })
  }

  private async train(
    executable: Executable,
    moments: Moments,
    loaded: readonly LoadedWeight[],
  ): Promise<void> {
    const { prepared, storage, onEvent, signal } = this.options
    const { program, config, steps, evaluationBatches } = prepared
    const { totalSteps, stepsDone } = steps
    const { summary } = this
    const { saveEvery, logEvery } = config.train
    const trainingFrom = performance.now()
    const trainingMs = () => performance.now() - trainingFrom
    /** Whether the run comes to rest only to be read or to answer its samples, which is no reason for a checkpoint. */
    let restsLightly = false
    let restsForSamples = false
    let tokens = 0
    let paging: PagingStatistics | null = null
    const ratioOf = deltaRatios(program, loaded)
    const events = train({
      executable,
      config,
      moments,
      steps,
      totalSteps,
      stepsDone,
      evaluationBatches,
      shouldStop: () => this.ending.aborted,
      restsAfter: (step) => {
        const rests =
          step === totalSteps ||
          this.pausing !== null ||
          this.saves.length > 0 ||
          (storage !== undefined && saveEvery > 0 && step % saveEvery === 0)
        restsForSamples = !rests && this.samples !== null && this.sampling.isDue(step, trainingMs())
        restsLightly = !rests && (restsForSamples || this.resting.isWanted)
        return rests || restsLightly
      },
      onEvaluationBatch: this.onEvaluationBatch(),
      signal,
    })
    for await (const event of events) {
      if (event.type === 'step') {
        summary.steps = event.step
        summary.firstLoss ??= event.loss
        summary.lastLoss = event.loss
        summary.supervisedTokens += event.supervisedTokens
        tokens += event.tokens
        const secondsPerStep = (performance.now() - trainingFrom) / 1000 / (event.step - stepsDone)
        if (event.step % logEvery === 0 || event.step === totalSteps) {
          const metrics = event.paging && pagingMetrics(event.paging, paging)
          const told = stepEvent(
            event,
            totalSteps,
            secondsPerStep * (totalSteps - event.step),
            this.allocatedBytes,
            metrics,
          )
          this.recent = [...this.recent, told.step].slice(-RECENT_STEPS)
          onEvent(told)
          if (event.paging) onEvent({ type: 'paging/state', step: event.step, paging: event.paging })
          paging = event.paging
        }
      } else if (event.type === 'evaluated') {
        summary.evalLoss = event.evaluation.loss
        onEvent({ type: 'run/evaluated', step: event.step, ...event.evaluation })
      } else if (event.type === 'adapter-norms') {
        const ratios = ratioOf(event.squaredNorms)
        if (ratios.length > 0) onEvent({ type: 'quant/delta_ratio', step: event.step, ratios })
      } else if (event.type === 'rest') {
        this.restsAt = event.step
        await this.resting.rest()
        if (restsForSamples || this.sampling.isDue(event.step, trainingMs()))
          await this.takeSamples(event.step)
        const saves = !restsLightly || this.ending.aborted || this.pausing || this.saves.length > 0
        if (saves && !signal?.aborted) await this.saveAt(event.step)
        await this.holdWhilePaused(event.step)
        await this.resting.go()
      } else {
        onEvent({ type: 'run/warning', code: event.code, message: event.message, fix: event.fix })
      }
      summary.tokensPerSecond = tokens / ((performance.now() - trainingFrom) / 1000)
    }
  }

  private get allocatedBytes(): number {
    return (this.executable?.allocatedBytes ?? 0) + (this.samples?.allocatedBytes ?? 0)
  }

  /** Answers the fixed prompts with what has been learned so far; a run that is to stop does not wait for it. */
  private async takeSamples(step: number): Promise<void> {
    const { onEvent } = this.options
    const isEnding = () => this.ending.aborted
    if (!this.samples || isEnding()) return
    const from = performance.now()
    const answers = await this.samples.take(isEnding, (done, total) => {
      // Between steps it is over before anybody has read it.
      if (step === 0) onEvent({ type: 'run/progress', phase: 'sampling', done, total, unit: 'prompts' })
    })
    if (!answers) return
    const durationMs = performance.now() - from
    this.sampling.took(step, durationMs)
    onEvent({ type: 'run/samples', step, answers, durationMs })
  }

  /** A run that its owner had paused when its device was lost stays so. */
  private async goOn(step: number): Promise<void> {
    if (this.pausing) await this.holdWhilePaused(step)
    else this.options.onEvent({ type: 'run/resumed', step })
  }

  private onEvaluationBatch(): (done: number) => void {
    const { prepared, onEvent } = this.options
    const total = prepared.evaluationBatches ? countOf(prepared.evaluationBatches()) : 0
    return (done) => onEvent({ type: 'run/progress', phase: 'evaluating', done, total, unit: 'batches' })
  }

  /** Saves the run as it stands at the end of a step, unless that has been done. A run goes on without, warned once. */
  private async saveAt(step: number): Promise<void> {
    const { prepared, model, onEvent } = this.options
    if (!this.checkpoints) return
    const asked = this.saves.splice(0)
    try {
      if (this.savedStep !== step) {
        const from = performance.now()
        const progress: RunProgress = {
          summary: { ...this.summary },
          totalSteps: prepared.steps.totalSteps,
          modelName: model.name,
          savedAt: Date.now(),
          recent: this.recent,
        }
        const sizeBytes = await this.checkpoints.save(step, prepared.steps.position, progress)
        this.savedStep = step
        this.kept = progress.summary
        onEvent({ type: 'run/checkpoint', step, sizeBytes, durationMs: performance.now() - from })
      }
      for (const { resolve } of asked) resolve({ step })
    } catch (error) {
      for (const { reject } of asked) reject(error)
      // A lost device ends the run with its own words.
      if (error instanceof StudioError && error.code.startsWith('device/')) throw error
      this.warnOfStorage({
        code: 'checkpoint/failed',
        message: `Step ${step} could not be saved (${reasonOf(error)}); training goes on`,
        fix: 'Free space on the disk. The checkpoint before it, if there is one, is whole.',
      })
    }
  }

  private warnOfStorage(warning: { code: string; message: string; fix: string }): void {
    if (this.hasWarnedOfStorage) return
    this.hasWarnedOfStorage = true
    this.options.onEvent({ type: 'run/warning', ...warning })
  }

  /** Saves asked for after the last rest: what they want is there if the run ended well. */
  private async endSaves(): Promise<void> {
    if (this.saves.length > 0 && this.savedStep === this.restsAt) await this.saveAt(this.restsAt)
    for (const { reject } of this.saves.splice(0)) {
      reject(
        new StudioError('run/ended', 'The run ended before it could be saved', {
          hint: 'A run that ends well is saved by itself.',
        }),
      )
    }
    this.checkpoints = null
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
    this.samples?.dispose()
    this.samples = null
    this.executable?.destroy()
    this.executable = null
  }

  private async holdWhilePaused(step: number): Promise<void> {
    if (!this.pausing || this.ending.aborted) return
    // Whoever hears of the pause may end it at once.
    const { promise } = this.pausing
    this.held = true
    if (this.saves.length > 0) await this.saveAt(step)
    this.options.onEvent({ type: 'run/paused', step })
    const lost = this.options.runtime.lost.then((error) => {
      throw error
    })
    try {
      // A device that is lost meanwhile is not found out about only when it is needed again.
      await Promise.race([promise, lost])
    } finally {
      this.held = false
    }
    if (!this.ending.aborted) this.options.onEvent({ type: 'run/resumed', step })
  }
}

/** Where a step's time went. */
function timeMetrics(
  { phases, gpuMs, pagingMs, waitingMs }: StepTime,
  isPaged: boolean,
): Partial<Record<MetricName, number>> {
  return {
    ...(phases
      ? {
          'speed/forward_ms': phases.forwardMs,
          'speed/backward_ms': phases.backwardMs,
          'speed/update_ms': phases.updateMs,
        }
      : { 'speed/gpu_ms': gpuMs }),
    ...(isPaged && { 'speed/paging_ms': pagingMs }),
    'speed/waiting_ms': waitingMs,
  }
}

interface Started {
  executable: Executable
  moments: Moments
  loaded: LoadedWeight[]
}

/** Traffic since the step before; sizes and rates of now. */
function pagingMetrics(
  now: PagingStatistics,
  before: PagingStatistics | null,
): Partial<Record<MetricName, number>> {
  const since = (
    name:
      | 'hits'
      | 'hostMisses'
      | 'storeMisses'
      | 'bytesToGpu'
      | 'bytesFromGpu'
      | 'bytesToStore'
      | 'bytesFromStore'
      | 'stallMs',
  ) => now[name] - (before?.[name] ?? 0)
  const turns = since('hits') + since('hostMisses') + since('storeMisses')
  return {
    'paging/hit_rate': turns > 0 ? since('hits') / turns : 1,
    'paging/bytes_to_gpu': since('bytesToGpu'),
    'paging/bytes_from_gpu': since('bytesFromGpu'),
    'paging/bytes_to_store': since('bytesToStore'),
    'paging/bytes_from_store': since('bytesFromStore'),
    'paging/host_bytes': now.hostBytes,
    'paging/stall_ms': since('stallMs'),
  }
}

function stepEvent(
  event: TrainerEvent & { type: 'step' },
  totalSteps: number,
  secondsLeft: number,
  gpuBytes: number,
  paging: Partial<Record<MetricName, number>> | null,
): Extract<RunEvent, { type: 'run/step' }> {
  return {
    type: 'run/step',
    totalSteps,
    secondsLeft,
    step: {
      step: event.step,
      metrics: {
        'train/loss': event.loss,
        'train/supervised_tokens': event.supervisedTokens,
        'train/epoch': event.epoch,
        'optimizer/lr': event.learningRate,
        'optimizer/grad_norm': event.gradNorm,
        'speed/tokens_per_second': event.tokensPerSecond,
        'speed/step_ms': event.durationMs,
        ...timeMetrics(event.time, paging !== null),
        'memory/gpu_bytes': gpuBytes,
        ...paging,
      },
    },
  }
}

/** ‖sBA‖ / ‖Ŵ−W‖ of every adapted module whose weight was quantized. */
function deltaRatios(program: Program, loaded: readonly LoadedWeight[]) {
  const errors = new Map(loaded.map(({ name, squaredError }) => [name, squaredError]))
  const linears = adaptedLinears(program.weights)
  return (squaredNorms: Float32Array): { name: string; ratio: number }[] =>
    linears.flatMap(({ module, weight, adapter }, index) => {
      const squaredError = errors.get(weight.name)
      if (!squaredError) return []
      return [{ name: module, ratio: adapter.scaling * Math.sqrt(squaredNorms[index] / squaredError) }]
    })
}

function countOf(iterable: Iterable<unknown>): number {
  let count = 0
  for (const _ of iterable) count++
  return count
}
