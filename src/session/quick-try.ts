import { parseRunConfig } from '../config/parse.ts'
import { PRESETS } from '../config/presets.ts'
import type { RunConfig } from '../config/schema.ts'
import type { Runtime } from '../graph/executable.ts'
import { initialAdapter, writeAdapter } from '../train/adapter-state.ts'
import { createMoments } from '../train/create-moments.ts'
import { train } from '../train/trainer.ts'
import { StudioError } from '../util/errors.ts'
import type { RunEvent } from './events.ts'
import { type OpenedDataset, runData } from './open-dataset.ts'
import type { OpenedModel } from './open-model.ts'
import { prepareRun } from './prepare-run.ts'
import { realiseProgram } from './realise-program.ts'
import type { QuickTry } from './reports.ts'

export interface QuickTryOptions {
  model: OpenedModel
  dataset: OpenedDataset
  runtime: Runtime
  /** How the dataset's columns are read. */
  mapping?: RunConfig['data']['mapping']
  /** How long the run should take. */
  targetSeconds?: number
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

const TARGET_SECONDS = 120
/** Real steps that are timed; the first one, which warms the device up, does not count. */
const MEASURED_STEPS = 3
/** A run that shows an effect has at least so many updates, and one that fits the time no more than is useful. */
const MIN_STEPS = 20
const MAX_STEPS = 200
const BATCH_SIZES = [16, 8, 4, 2, 1]
const LONGEST = 256

/** Trains a few real steps on this device and fits sequence length, batch size and steps of the preset to the time. */
export async function quickTry(options: QuickTryOptions): Promise<QuickTry> {
  const { model, dataset, mapping = null, targetSeconds = TARGET_SECONDS, onEvent, signal } = options
  const startedAt = performance.now()
  const base = parseRunConfig(PRESETS.find(({ id }) => id === 'quick-try')?.config)
  const withLength: RunConfig = {
    ...base,
    data: { ...base.data, mapping, maxSeqLength: Math.min(LONGEST, model.summary.contextLength) },
  }
  const data = await runData({ ...dataset, skipBadRows: true }, model, withLength, { signal })
  const lengths = data.train.map(({ inputIds }) => inputIds.length).sort((a, b) => a - b)
  const maxSeqLength = usefulLength(lengths)
  const config: RunConfig = {
    ...withLength,
    data: { ...withLength.data, maxSeqLength: Math.max(maxSeqLength, 2) },
  }
  const probe: RunConfig = { ...config, train: { ...config.train, batchSize: 4, maxSteps: MEASURED_STEPS } }

  const secondsPerToken = await measure(options, probe)
  const meanLength = Math.min(maxSeqLength, lengths.reduce((sum, length) => sum + length, 0) / lengths.length)
  const affordable = (batchSize: number) =>
    Math.floor(targetSeconds / (secondsPerToken * batchSize * meanLength))
  const largest = BATCH_SIZES.filter((size) => size <= data.train.length)
  const batchSize = largest.find((size) => affordable(size) >= MIN_STEPS * 3) ?? largest.at(-1) ?? 1
  const maxSteps = Math.min(MAX_STEPS, Math.max(MIN_STEPS, affordable(batchSize)))
  onEvent({
    type: 'task/progress',
    task: 'measure',
    done: MEASURED_STEPS,
    total: MEASURED_STEPS,
    unit: 'steps',
  })
  return {
    config: { ...config, train: { ...config.train, batchSize, maxSteps } },
    tokensPerSecond: 1 / secondsPerToken,
    estimatedSeconds: maxSteps * batchSize * meanLength * secondsPerToken,
    measuredMs: performance.now() - startedAt,
  }
}

/** Long enough for all rows (lengths in tokens, shortest first), or for nine of ten where the others are far longer. */
export function usefulLength(lengths: readonly number[]): number {
  const ofMost = lengths[Math.floor((lengths.length - 1) * 0.9)]
  const longest = lengths[lengths.length - 1]
  return longest <= 2 * ofMost ? longest : ofMost
}

/** Seconds per token of real training steps. */
async function measure(
  { model, dataset, runtime, onEvent, signal }: QuickTryOptions,
  config: RunConfig,
): Promise<number> {
  const data = await runData({ ...dataset, skipBadRows: true }, model, config, { signal })
  const { program, steps } = prepareRun(model, data, config, null, runtime.traits)
  const { executable } = await realiseProgram(program, { model, runtime, signal, onEvent: () => {} })
  try {
    writeAdapter(executable, program.weights, initialAdapter(program.weights, config.train.seed))
    let tokens = 0
    let durationMs = 0
    const moments = createMoments(program, executable)
    const shouldStop = () => signal?.aborted === true
    for await (const event of train({
      executable,
      config,
      moments,
      steps,
      totalSteps: MEASURED_STEPS,
      shouldStop,
    })) {
      if (event.type !== 'step') continue
      onEvent({
        type: 'task/progress',
        task: 'measure',
        done: event.step,
        total: MEASURED_STEPS,
        unit: 'steps',
      })
      if (event.step === 1) continue
      tokens += event.tokens
      durationMs += event.durationMs
    }
    if (signal?.aborted) throw new StudioError('cancelled', 'Measuring this device was cancelled')
    return durationMs / 1000 / tokens
  } finally {
    executable.destroy()
  }
}
