import type { RunConfig } from '../config/schema.ts'
import { type PeftAdapter, writePeftAdapter } from '../formats/peft-adapter.ts'
import { LINEAR_MODULES } from '../config/schema.ts'
import { linearModules } from '../formats/llama-weights.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import { StudioError } from '../util/errors.ts'
import { adaptedLinears, initialAdapter, readAdapter, writeAdapter } from '../train/adapter-state.ts'
import { evaluate } from '../train/evaluate.ts'
import { type LoadedWeight, loadWeights } from '../train/load-weights.ts'
import type { Program } from '../train/program.ts'
import { train, type TrainerEvent } from '../train/trainer.ts'
import type { RunEvent, RunSummary } from './events.ts'
import { collectFiles, type OutputFile } from './files.ts'
import type { LoadedProgram } from './generation.ts'
import type { OpenedModel } from './open-model.ts'
import type { PreparedRun } from './prepare-run.ts'

export interface RunOptions {
  model: OpenedModel
  prepared: PreparedRun
  adapter: PeftAdapter | null
  runtime: Runtime
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

/** Program on a device with its weights loaded: what training, evaluation and logits start from. */
export async function realiseProgram(
  program: Program,
  { model, runtime, onEvent, signal }: Pick<RunOptions, 'model' | 'runtime' | 'onEvent' | 'signal'>,
): Promise<{ executable: Executable; loaded: LoadedWeight[] }> {
  const executable = await runtime.realise(program.plan, {
    signal,
    onProgress: (done, total) => onEvent({ type: 'run/progress', phase: 'compiling', done, total, unit: 'kernels' }),
  })
  try {
    onEvent({ type: 'memory/allocated', bytes: executable.allocatedBytes })
    const loaded: LoadedWeight[] = []
    for await (const weight of loadWeights(program, executable, model.checkpoint.tensors, signal)) {
      loaded.push(weight)
      onEvent({ type: 'run/progress', phase: 'quantizing', done: weight.done, total: weight.total, unit: 'tensors' })
      if (weight.quantization) onEvent({ type: 'quant/tensor', tensor: weight.quantization })
    }
    return { executable, loaded }
  } catch (error) {
    executable.destroy()
    throw error
  }
}

/** One run from Start to its end, and its adapter for as long as it is kept. */
export class RunSession {
  readonly runId = crypto.randomUUID()
  private executable: Executable | null = null
  private stopRequested = false
  private pausing: { promise: Promise<void>; release: () => void } | null = null
  private held = false

  constructor(private readonly options: RunOptions) {}

  /** Ends after the step under way. */
  stop(): void {
    this.stopRequested = true
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
    const { model, prepared, adapter, runtime, onEvent, signal } = this.options
    const { program, config, steps } = prepared
    const startedAt = performance.now()
    const { totalSteps } = steps
    const plan = program.plan
    onEvent({
      type: 'run/started',
      runId: this.runId,
      totalSteps,
      plannedBytes: plan.bytes,
      totalBytes: plan.totalBytes,
      trainableParameters: program.pool?.trainableElements ?? 0,
    })
    const { executable, loaded } = await realiseProgram(program, { model, runtime, onEvent, signal })
    this.executable = executable
    writeAdapter(executable, program.weights, adapter?.modules ?? initialAdapter(program.weights, config.train.seed))

    const summary: RunSummary = {
      runId: this.runId,
      steps: 0,
      stopped: false,
      firstLoss: null,
      lastLoss: null,
      evalLossBefore: null,
      evalLoss: null,
      supervisedTokens: 0,
      durationMs: 0,
      tokensPerSecond: 0,
      gpuBytes: executable.allocatedBytes,
    }
    const batches = prepared.evaluationBatches
    const onEvaluationBatch = (done: number) =>
      onEvent({ type: 'run/progress', phase: 'evaluating', done, total: evaluationCount, unit: 'batches' })
    const evaluationCount = batches ? countOf(batches()) : 0
    if (batches) {
      const evaluation = await evaluate(executable, batches(), { onBatch: onEvaluationBatch, signal })
      summary.evalLossBefore = evaluation.loss
      onEvent({ type: 'run/evaluated', step: 0, ...evaluation })
    }

    const trainingFrom = performance.now()
    let tokens = 0
    const ratioOf = deltaRatios(program, loaded)
    const events = train({
      executable,
      config,
      steps,
      totalSteps,
      evaluationBatches: batches,
      shouldStop: () => this.stopRequested || signal?.aborted === true,
      onEvaluationBatch,
    })
    for await (const event of events) {
      if (event.type === 'step') {
        summary.steps = event.step
        summary.firstLoss ??= event.loss
        summary.lastLoss = event.loss
        summary.supervisedTokens += event.supervisedTokens
        tokens += event.tokens
        const secondsLeft = (((performance.now() - trainingFrom) / event.step) * (totalSteps - event.step)) / 1000
        if (event.step % config.train.logEvery === 0 || event.step === totalSteps) {
          onEvent(stepEvent(event, totalSteps, secondsLeft, executable.allocatedBytes))
        }
      } else if (event.type === 'evaluated') {
        summary.evalLoss = event.evaluation.loss
        onEvent({ type: 'run/evaluated', step: event.step, ...event.evaluation })
      } else if (event.type === 'adapter-norms') {
        const ratios = ratioOf(event.squaredNorms)
        if (ratios.length > 0) onEvent({ type: 'quant/delta_ratio', step: event.step, ratios })
      } else {
        onEvent({ type: 'run/warning', code: event.code, message: event.message, fix: event.fix })
      }
      await this.holdWhilePaused(summary.steps)
    }
    if (signal?.aborted) throw new StudioError('cancelled', 'The run was cancelled')
    summary.stopped = summary.steps < totalSteps
    summary.durationMs = performance.now() - startedAt
    summary.tokensPerSecond = tokens / ((performance.now() - trainingFrom) / 1000)
    onEvent({ type: 'run/finished', summary })
    return summary
  }

  /** The adapter as it stands, in PEFT layout. */
  async exportAdapter(): Promise<OutputFile[]> {
    const { model, prepared, adapter } = this.options
    const { program, config } = prepared
    if (!this.executable || !program.pool) {
      throw new StudioError('run/nothing-trained', 'There is no adapter yet', { hint: 'Start a run first.' })
    }
    const live = await readAdapter(this.executable, program.weights, program.pool, adapterConfig(config, model.name, adapter))
    return collectFiles((sink) => writePeftAdapter(sink, '', live, linearModules(model.checkpoint.config)))
  }

  dispose(): void {
    this.executable?.destroy()
    this.executable = null
  }

  private async holdWhilePaused(step: number): Promise<void> {
    if (!this.pausing || this.stopRequested) return
    this.held = true
    this.options.onEvent({ type: 'run/paused', step })
    await this.pausing.promise
    this.held = false
    if (!this.stopRequested) this.options.onEvent({ type: 'run/resumed', step })
  }
}

function adapterConfig(config: RunConfig, modelName: string, continued: PeftAdapter | null): PeftAdapter['config'] {
  if (continued) return { ...continued.config, dropout: config.lora.dropout }
  const { rank, alpha, dropout, useRslora, targetModules } = config.lora
  return {
    rank,
    alpha,
    dropout,
    useRslora,
    useDora: false,
    targetModules: targetModules === 'all-linear' ? [...LINEAR_MODULES] : targetModules,
    baseModelName: modelName,
  }
}

function stepEvent(event: TrainerEvent & { type: 'step' }, totalSteps: number, secondsLeft: number, gpuBytes: number): RunEvent {
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
        'speed/tokens_per_second': event.tokens / (event.durationMs / 1000),
        'speed/step_ms': event.durationMs,
        'memory/gpu_bytes': gpuBytes,
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
