import type { RunConfig } from '../config/schema.ts'
import { collate } from '../data/collate.ts'
import { evaluationBatches, evaluationShapes } from '../data/training-data.ts'
import type { PeftAdapter } from '../formats/peft-adapter.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import { writeAdapter } from '../train/adapter-state.ts'
import { writeBatch } from '../train/batch-inputs.ts'
import { type Evaluation, evaluate } from '../train/evaluate.ts'
import { type PlannedShapes, STAGE } from '../train/program.ts'
import type { RunEvent } from './events.ts'
import { type OpenedDataset, runData } from './open-dataset.ts'
import type { OpenedModel } from './open-model.ts'
import { adapterPlacement, lengthRounding, positionsOf, programFor } from './prepare-run.ts'
import { realiseProgram } from './realise-program.ts'

export interface MeasureOptions {
  model: OpenedModel
  dataset: OpenedDataset
  config: RunConfig
  adapter: PeftAdapter | null
  runtime: Runtime
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

/** Loss over every row of the dataset, in file order and unpacked. */
export async function evaluateModel(options: MeasureOptions): Promise<Evaluation> {
  const { config } = options
  const sequences = await allRows(options, true)
  const batches = {
    batchSize: Math.min(config.train.batchSize, sequences.length),
    sequenceLength: lengthRounding(sequences),
  }
  const shapes = { train: [], evaluate: evaluationShapes(sequences, batches), logits: [] }
  return withModel(options, shapes, positionsOf(sequences), (executable) => {
    const total = Math.ceil(sequences.length / batches.batchSize)
    return evaluate(executable, evaluationBatches(sequences, batches), {
      signal: options.signal,
      onBatch: (done) =>
        options.onEvent({ type: 'run/progress', phase: 'evaluating', done, total, unit: 'batches' }),
    })
  })
}

/** Logits of the first batch in file order: [B, T, V] with T its longest row. */
export async function modelLogits(
  options: MeasureOptions,
): Promise<{ shape: [number, number, number]; logits: Float32Array<ArrayBuffer> }> {
  const { config, model } = options
  const sequences = (await allRows(options, false)).slice(0, config.train.batchSize)
  const batch = collate(sequences, { batchSize: sequences.length })
  const { batchSize, sequenceLength } = batch
  const shapes = { train: [], evaluate: [], logits: [batch] }
  return withModel(options, shapes, positionsOf(sequences), async (executable) => {
    const stage = STAGE.logits(batch)
    writeBatch(executable, batch)
    executable.run(stage)
    const bytes = await executable.read(executable.plan.stages[stage].exposed.logits)
    return {
      shape: [batchSize, sequenceLength, model.checkpoint.config.vocabSize],
      logits: new Float32Array(bytes.buffer),
    }
  })
}

/** Nothing is held out, packed or shuffled when a model is measured. */
async function allRows(
  { model, dataset, config, onEvent, signal }: MeasureOptions,
  requireSupervised: boolean,
) {
  const measured: RunConfig = { ...config, data: { ...config.data, packing: false, evalFraction: 0 } }
  const onProgress = (done: number, total: number) =>
    onEvent({ type: 'task/progress', task: 'dataset', done, total, unit: 'rows' })
  return (await runData(dataset, model, measured, { signal, onProgress, requireSupervised })).train
}

async function withModel<T>(
  options: MeasureOptions,
  shapes: PlannedShapes,
  positions: number,
  measure: (executable: Executable) => Promise<T>,
): Promise<T> {
  const { model, config, adapter, runtime } = options
  const placement = adapter && adapterPlacement(config, adapter.config)
  const program = programFor(model, config, placement, shapes, positions, runtime.traits)
  const { executable } = await realiseProgram(program, options)
  try {
    if (adapter) writeAdapter(executable, program.weights, adapter.modules)
    return await measure(executable)
  } finally {
    executable.destroy()
  }
}
