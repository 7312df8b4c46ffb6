import type { RunConfig } from '../config/schema.ts'
import {
  bitsandbytesQuantizationConfig,
  bitsandbytesTensors,
  type TorchDtype,
} from '../formats/bitsandbytes.ts'
import type { Dtype } from '../formats/dtype.ts'
import type { StoredTensor } from '../formats/safetensors.ts'
import { type TensorToWrite, writeSafetensors } from '../formats/safetensors-writer.ts'
import type { Runtime } from '../graph/executable.ts'
import type { QuantizedStorage } from '../graph/tensor.ts'
import { weightTensors } from '../model/weights.ts'
import { decodeMatrix, quantLayout } from '../quant/layout.ts'
import { baseStorage } from '../train/program.ts'
import { readText } from '../util/byte-source.ts'
import { inputError } from '../util/errors.ts'
import type { RunEvent, TensorQuantization } from './events.ts'
import { collectFiles, type OutputFile } from './files.ts'
import type { OpenedModel } from './open-model.ts'
import { programFor } from './prepare-run.ts'
import { realiseProgram } from './run-session.ts'

export interface QuantizeOptions {
  model: OpenedModel
  config: RunConfig
  runtime: Runtime
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
}

const TORCH_DTYPE: Partial<Record<Dtype, TorchDtype>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }

/** Files of a model folder that a quantized copy takes over as they are. */
const COPIED =
  /^(generation_config|tokenizer|tokenizer_config|special_tokens_map)\.json$|^chat_template\.jinja$/

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
    return await collectFiles(async (sink) => {
      await sink.write('config.json', new TextEncoder().encode(await quantizedConfig(model, storage)))
      for (const file of model.files)
        if (COPIED.test(file.name)) await sink.write(file.name, await file.read(0, file.sizeBytes))
      await sink.write('model.safetensors', writeSafetensors(tensors))
    })
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
  const program = programFor(model, config, null, 1, none, 1, runtime.traits)
  return { storage, program, ...(await realiseProgram(program, options)) }
}

async function quantizedConfig(model: OpenedModel, { type, doubleQuant }: QuantizedStorage): Promise<string> {
  const file = model.files.find(({ name }) => name === 'config.json')
  const config = JSON.parse(await readText(file as NonNullable<typeof file>)) as Record<string, unknown>
  const dtype = TORCH_DTYPE[[...model.checkpoint.tensors.values()][0].dtype] ?? 'float32'
  return `${JSON.stringify({ ...config, quantization_config: bitsandbytesQuantizationConfig({ type, doubleQuant }, dtype) }, null, 2)}\n`
}
