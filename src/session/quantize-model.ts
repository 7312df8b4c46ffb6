import type { RunConfig } from '../config/schema.ts'
import {
  bitsandbytesQuantizationConfig,
  bitsandbytesTensors,
  type TorchDtype,
} from '../formats/bitsandbytes.ts'
import type { Dtype } from '../formats/dtype.ts'
import { writeModelFolder } from '../formats/model-folder.ts'
import type { StoredTensor } from '../formats/safetensors.ts'
import type { TensorToWrite } from '../formats/safetensors-writer.ts'
import type { Runtime } from '../graph/executable.ts'
import { weightTensors } from '../model/weights.ts'
import { decodeMatrix, quantLayout } from '../quant/layout.ts'
import { baseStorage } from '../train/program.ts'
import { inputError } from '../util/errors.ts'
import type { RunEvent, TensorQuantization } from './events.ts'
import { collectFiles, type OutputFile } from './files.ts'
import type { OpenedModel } from './open-model.ts'
import { programFor } from './prepare-run.ts'
import { realiseProgram } from './realise-program.ts'

export interface QuantizeOptions {
  model: OpenedModel
  config: RunConfig
  runtime: Runtime
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

const TORCH_DTYPE: Partial<Record<Dtype, TorchDtype>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }

/** Quantization statistics of every linear, measured on the GPU. */
export async function inspectModel(options: QuantizeOptions): Promise<TensorQuantization[]> {
  const { executable, loaded } = await realiseQuantizer(options)
  executable.destroy()
  return loaded.flatMap(({ quantization }) => (quantization ? [quantization] : []))
}

/** The model with its linears in 4 bits, as a folder that bitsandbytes and transformers read. */
export async function quantizeModel(options: QuantizeOptions): Promise<OutputFile[]> {
  const { model } = options
  const { checkpoint } = model
  const { executable, program, storage } = await realiseQuantizer(options)
  try {
    const tensors: TensorToWrite[] = []
    for (const tensor of weightTensors(program.weights)) {
      const stored = checkpoint.tensors.get(tensor.name) as StoredTensor
      if (tensor.quantization) {
        const bytes = await executable.read(executable.plan.tensors[tensor.name])
        const matrix = decodeMatrix(bytes, quantLayout(tensor.shape, tensor.quantization))
        tensors.push(...bitsandbytesTensors(tensor.name, matrix, TORCH_DTYPE[stored.dtype] ?? 'float32'))
      } else {
        tensors.push({
          name: tensor.name,
          dtype: stored.dtype,
          shape: stored.shape,
          data: () => stored.readBytes(),
        })
      }
    }
    const { type, doubleQuant } = storage
    const dtype = TORCH_DTYPE[[...checkpoint.tensors.values()][0].dtype] ?? 'float32'
    const config = () => ({
      quantization_config: bitsandbytesQuantizationConfig({ type, doubleQuant }, dtype),
    })
    return await collectFiles((sink) => writeModelFolder(sink, { files: model.files, config, tensors }))
  } finally {
    executable.destroy()
  }
}

async function realiseQuantizer(options: QuantizeOptions) {
  const { model, config, runtime } = options
  const storage = baseStorage(config)
  if (!storage) {
    throw inputError('config', [
      { message: `Method "${config.method}" does not quantize the base`, fix: 'Use method "qlora".' },
    ])
  }
  const none = { train: [], evaluate: [], logits: [] }
  const program = programFor(model, config, null, none, 1, runtime.traits)
  return { storage, program, ...(await realiseProgram(program, options)) }
}
