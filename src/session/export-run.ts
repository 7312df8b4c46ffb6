import { LINEAR_MODULES, type RunConfig } from '../config/schema.ts'
import type { AdapterConfig } from '../formats/adapter-config.ts'
import { linearModules } from '../formats/llama-weights.ts'
import { writeModelFolder } from '../formats/model-folder.ts'
import { type PeftAdapter, writePeftAdapter } from '../formats/peft-adapter.ts'
import type { TensorToWrite } from '../formats/safetensors-writer.ts'
import { weightTensors } from '../model/weights.ts'
import { readAdapter } from '../train/adapter-state.ts'
import { StudioError } from '../util/errors.ts'
import { collectFiles, type OutputFile } from './files.ts'
import type { LoadedProgram } from './generation.ts'

/**
 * What a run has learned, as it stands on the device: an adapter in PEFT layout, or a model that was trained as a whole
 * as a Hugging Face folder.
 * @param continued the adapter that the run began with
 * @throws run/nothing-trained
 */
export async function exportTrained(
  loaded: LoadedProgram | null,
  config: RunConfig,
  continued: PeftAdapter | null,
): Promise<OutputFile[]> {
  const pool = loaded?.program.pool
  if (!loaded || !pool) {
    throw new StudioError('run/nothing-trained', 'Nothing has been trained yet', {
      hint: 'Start a run first.',
    })
  }
  const { model, program, executable } = loaded
  if (program.request.placement === 'all-weights') return exportModel(loaded)
  const live = await readAdapter(
    executable,
    program.weights,
    pool,
    adapterConfig(config, model.name, continued),
  )
  return collectFiles((sink) => writePeftAdapter(sink, '', live, linearModules(model.checkpoint.config)))
}

/** Weights that were trained in f32 are written in f32: rounding them would undo small updates. */
function exportModel({ model, program, executable }: LoadedProgram): Promise<OutputFile[]> {
  const tensors = weightTensors(program.weights).map(
    ({ name, shape }): TensorToWrite => ({
      // A tied model may store either end of the tie.
      name: model.checkpoint.tensors.get(name)?.name ?? name,
      dtype: 'F32',
      shape,
      data: () => executable.read(executable.plan.tensors[name]),
    }),
  )
  const config = (original: object) =>
    'dtype' in original ? { dtype: 'float32' } : { torch_dtype: 'float32' }
  return collectFiles((sink) => writeModelFolder(sink, { files: model.files, config, tensors }))
}

function adapterConfig(config: RunConfig, modelName: string, continued: PeftAdapter | null): AdapterConfig {
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
