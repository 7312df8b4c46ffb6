import type { RunConfig } from '../config/schema.ts'
import type { Batch } from '../data/batch.ts'
import type { StepData } from '../data/training-data.ts'
import type { Executable } from '../graph/executable.ts'
import type { Moments, PagingStatistics } from '../optim/moments.ts'
import { stepValues } from '../optim/step-values.ts'
import { StudioError } from '../util/errors.ts'
import { writeBatch } from './batch-inputs.ts'
import { type Evaluation, evaluate } from './evaluate.ts'
import { METRICS, metricsRange, readMetrics } from './metrics.ts'
import { STAGE } from './program.ts'
import { StepClock, type StepTime } from './step-clock.ts'
import { TokenRate } from './token-rate.ts'

export interface TrainerOptions {
  executable: Executable
  config: RunConfig
  moments: Moments
  /** The steps that are left to do, in order. */
  steps: Iterable<StepData>
  /** Of the whole run: what the schedule spans. */
  totalSteps: number
  /** Steps done before these; a run that is resumed has some. */
  stepsDone?: number
  /** Held-out batches; evaluated every `evalEvery` steps and once at the end. */
  evaluationBatches?: () => Iterable<Batch>
  /** Asked before each step. */
  shouldStop?: () => boolean
  /** Asked after each step: whether to come to rest there, for a pause or a checkpoint. */
  restsAfter?: (step: number) => boolean
  onEvaluationBatch?: (done: number) => void
  /** Ends an evaluation at once, with the code `cancelled`. */
  signal?: AbortSignal
}

export type TrainerEvent =
  | {
      type: 'step'
      /** 1-based. */
      step: number
      epoch: number
      /** Mean loss over the step's supervised tokens, before the update. */
      loss: number
      /** Before clipping. */
      gradNorm: number
      learningRate: number
      supervisedTokens: number
      tokens: number
      durationMs: number
      /** Where that time went. */
      time: StepTime
      /** Over the last few steps: single ones cannot be told apart so well. */
      tokensPerSecond: number
      /** As the update left them; null where nothing is paged. */
      paging: PagingStatistics | null
    }
  | { type: 'evaluated'; step: number; evaluation: Evaluation }
  /** ‖BA‖² (Frobenius) of every adapted module, in the model's order. */
  | { type: 'adapter-norms'; step: number; squaredNorms: Float32Array<ArrayBuffer> }
  /** Everything up to this step is done and told, nothing after it has begun: until the next event is asked for. */
  | { type: 'rest'; step: number }
  | { type: 'warning'; step: number; code: string; message: string; fix: string }

/** Steps whose metrics may still be on their way back: the GPU never waits for the host. */
const METRICS_LAG = 2
/** After so many steps in a row without a finite gradient the run is over. */
const MAX_NON_FINITE = 10
/** How often a run looks at its adapter's size. */
const NORM_READINGS = 60

/**
 * Trains step by step. Nothing is computed until the next event is asked for: not asking is pausing. A step is its
 * micro-batches, then the norm, clipping and AdamW on the GPU; its metrics arrive a step or two later. A `rest` follows
 * the steps that ask for one, and the last one.
 */
export async function* train(options: TrainerOptions): AsyncGenerator<TrainerEvent, void> {
  const { executable, config, totalSteps } = options
  const range = metricsRange(executable.plan)
  const hasAdapter = STAGE.adapterNorms in executable.plan.stages
  const normsEvery = Math.max(1, Math.ceil(totalSteps / NORM_READINGS))
  const pending: Promise<TrainerEvent[]>[] = []
  let nonFinite = 0
  let step = options.stepsDone ?? 0
  let rested = -1
  const clock = new StepClock()
  const rate = new TokenRate()

  async function* settle(keep: number): AsyncGenerator<TrainerEvent, void> {
    while (pending.length > keep) {
      for (const event of (await pending.shift()) ?? []) {
        yield event
        if (event.type !== 'step') continue
        const finite = Number.isFinite(event.loss) && Number.isFinite(event.gradNorm)
        nonFinite = finite ? 0 : nonFinite + 1
        if (nonFinite === 1) yield nonFiniteWarning(event.step, event.loss)
        if (nonFinite >= MAX_NON_FINITE) throw diverged(event.step)
      }
    }
  }

  const steps = options.steps[Symbol.iterator]()
  while (!options.shouldStop?.()) {
    const { value: data, done } = steps.next()
    if (done) break
    step++
    const current = step
    const submittedAtMs = performance.now()
    const values = await submitStep(options, data, current)
    const paging = options.moments.statistics()
    const stallMs = paging?.stallMs ?? 0
    const captures: Promise<TrainerEvent>[] = [
      executable.captureTimed(range).then(({ bytes, times }) => {
        const { lossSum, gradNorm } = readMetrics(bytes)
        const { durationMs, time } = clock.finished({ times, submittedAtMs, stallMs })
        return {
          type: 'step',
          step: current,
          epoch: data.epoch,
          loss: lossSum / data.supervisedTokens,
          gradNorm,
          learningRate: values.learningRate,
          supervisedTokens: data.supervisedTokens,
          tokens: data.tokens,
          durationMs,
          time,
          tokensPerSecond: rate.after(data.tokens, durationMs),
          paging,
        }
      }),
    ]
    if (hasAdapter && (current % normsEvery === 0 || current === totalSteps))
      captures.push(captureAdapterNorms(executable, current))
    const events = Promise.all(captures)
    // A run that is abandoned here must not leave a rejection that nobody hears.
    events.catch(() => {})
    pending.push(events)
    yield* settle(METRICS_LAG - 1)

    const { evalEvery } = config.train
    if (options.evaluationBatches && evalEvery > 0 && current % evalEvery === 0 && current < totalSteps) {
      yield* settle(0)
      const evaluation = await evaluateHeldOut(options, options.shouldStop)
      // One that was given up for a stop comes again at the end.
      if (!options.shouldStop?.()) yield { type: 'evaluated', step: current, evaluation }
      clock.rested()
    }
    if (options.restsAfter?.(current)) {
      yield* settle(0)
      yield { type: 'rest', step: current }
      rested = current
      clock.rested()
    }
  }
  yield* settle(0)
  if (step !== rested) yield { type: 'rest', step }
  if (options.evaluationBatches && step > 0)
    yield { type: 'evaluated', step, evaluation: await evaluateHeldOut(options) }
}

async function submitStep(
  { executable, config, totalSteps, moments }: TrainerOptions,
  data: StepData,
  step: number,
) {
  const values = stepValues(config.optimizer, {
    step,
    totalSteps,
    supervisedTokens: data.supervisedTokens,
    seed: config.train.seed,
  })
  executable.beginTiming()
  executable.run(STAGE.begin)
  data.batches.forEach((batch, microStep) => {
    executable.setStep({ ...values, microStep })
    writeBatch(executable, batch)
    executable.run(STAGE.train(batch))
  })
  await moments.update(step)
  return values
}

async function captureAdapterNorms(executable: Executable, step: number): Promise<TrainerEvent> {
  executable.run(STAGE.adapterNorms)
  const bytes = await executable.capture(
    executable.plan.stages[STAGE.adapterNorms].exposed[METRICS.adapterNorms],
  )
  return { type: 'adapter-norms', step, squaredNorms: new Float32Array(bytes.buffer) }
}

const evaluateHeldOut = (
  { executable, evaluationBatches, onEvaluationBatch, signal }: TrainerOptions,
  shouldStop: () => boolean = () => false,
): Promise<Evaluation> =>
  evaluate(executable, batchesUntil(evaluationBatches?.() ?? [], shouldStop), {
    onBatch: onEvaluationBatch,
    signal,
  })

function* batchesUntil(batches: Iterable<Batch>, shouldStop: () => boolean): Iterable<Batch> {
  for (const batch of batches) {
    if (shouldStop()) return
    yield batch
  }
}

const nonFiniteWarning = (step: number, loss: number): TrainerEvent => ({
  type: 'warning',
  step,
  code: 'train/non-finite',
  message: `Step ${step} had a ${Number.isFinite(loss) ? 'gradient' : 'loss'} that is not finite; its update was left out`,
  fix: 'If it happens again, lower the learning rate.',
})

const diverged = (step: number): StudioError =>
  new StudioError(
    'run/diverged',
    `The last ${MAX_NON_FINITE} steps up to step ${step} had no finite gradient`,
    {
      hint: 'Lower the learning rate or add warm-up steps; what was learnt before is kept.',
    },
  )
