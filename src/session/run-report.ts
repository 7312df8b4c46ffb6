import type { PagingStatistics } from '../optim/moments.ts'
import { adaptedLinears } from '../train/adapter-state.ts'
import type { LoadedWeight } from '../train/load-weights.ts'
import type { Program } from '../train/program.ts'
import type { StepTime } from '../train/step-clock.ts'
import type { TrainerEvent } from '../train/trainer.ts'
import { emptySummary, type RunCheckpoint, recentSteps } from './checkpoints.ts'
import type { MetricName, RunEvent, RunSummary, StepMetrics } from './events.ts'
import type { PreparedRun } from './prepare-run.ts'

export interface RunReportOptions {
  runId: string
  from: RunCheckpoint | null
  prepared: PreparedRun
  allocatedBytes: () => number
  onEvent: (event: RunEvent) => void
}

/** More than come between two writes of whoever keeps the curve. */
const RECENT_STEPS = 256

/** What a run tells of its steps, and the summary that grows with them. */
export class RunReport {
  readonly summary: RunSummary
  /** The last logged steps. */
  recent: StepMetrics[]
  private trainingFrom = 0
  private tokens = 0
  private paging: PagingStatistics | null = null
  private ratioOf: ReturnType<typeof deltaRatios> = () => []

  constructor(private readonly options: RunReportOptions) {
    const { runId, from } = options
    this.summary = { ...(from?.progress.summary ?? emptySummary(runId)) }
    this.recent = from ? recentSteps(from.progress) : []
  }

  /** Training begins now. */
  begin(loaded: readonly LoadedWeight[]): void {
    this.trainingFrom = performance.now()
    this.ratioOf = deltaRatios(this.options.prepared.program, loaded)
  }

  /** Time since training began. */
  get trainingMs(): number {
    return performance.now() - this.trainingFrom
  }

  take(event: TrainerEvent): void {
    const { summary } = this
    const { onEvent } = this.options
    if (event.type === 'step') {
      summary.steps = event.step
      summary.firstLoss ??= event.loss
      summary.lastLoss = event.loss
      summary.supervisedTokens += event.supervisedTokens
      this.tokens += event.tokens
      this.tellStep(event)
    } else if (event.type === 'evaluated') {
      summary.evalLoss = event.evaluation.loss
      onEvent({ type: 'run/evaluated', step: event.step, ...event.evaluation })
    } else if (event.type === 'adapter-norms') {
      const ratios = this.ratioOf(event.squaredNorms)
      if (ratios.length > 0) onEvent({ type: 'quant/delta_ratio', step: event.step, ratios })
    } else if (event.type === 'warning') {
      onEvent({ type: 'run/warning', code: event.code, message: event.message, fix: event.fix })
    }
    summary.tokensPerSecond = this.tokens / (this.trainingMs / 1000)
  }

  private tellStep(event: TrainerEvent & { type: 'step' }): void {
    const { prepared, allocatedBytes, onEvent } = this.options
    const { totalSteps, stepsDone } = prepared.steps
    if (event.step % prepared.config.train.logEvery !== 0 && event.step !== totalSteps) return
    const secondsPerStep = this.trainingMs / 1000 / (event.step - stepsDone)
    const told = stepEvent(
      event,
      totalSteps,
      secondsPerStep * (totalSteps - event.step),
      allocatedBytes(),
      event.paging && pagingMetrics(event.paging, this.paging),
    )
    this.recent = [...this.recent, told.step].slice(-RECENT_STEPS)
    onEvent(told)
    if (event.paging) onEvent({ type: 'paging/state', step: event.step, paging: event.paging })
    this.paging = event.paging
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
