import { type ByteSource, type FileSink, readText } from '../util/byte-source.ts'
import {
  ADAPTER_CONFIG_FILE,
  type AdapterConfig,
  formatAdapterConfig,
  isTargetModule,
  parseAdapterConfig,
} from './adapter-config.ts'
import { encodeFloat32, FLOAT_DTYPES, isFloatDtype } from './dtype.ts'
import { type FileProblem, fileError } from './file-error.ts'
import { openSafetensors, type StoredTensor } from './safetensors.ts'
import { type TensorToWrite, writeSafetensors } from './safetensors-writer.ts'

const WEIGHTS_FILE = 'adapter_model.safetensors'
const PREFIX = 'base_model.model.'

/** LoRA tensors of one linear module, float32, row-major. */
export interface LoraWeights {
  /** [rank, in] */
  readonly loraA: Float32Array
  /** [out, rank] */
  readonly loraB: Float32Array
  /** DoRA's magnitude of every output row, [out]. */
  readonly magnitude?: Float32Array
}

export interface PeftAdapter {
  readonly config: AdapterConfig
  /** By module name, `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, LoraWeights>
}

type Part = keyof LoraWeights

const SUFFIX: Readonly<Record<Part, string>> = {
  loraA: '.lora_A.weight',
  loraB: '.lora_B.weight',
  magnitude: '.lora_magnitude_vector',
}

/** The key that PEFT stores a part under. */
export const peftKey = (module: string, part: Part): string => `${PREFIX}${module}${SUFFIX[part]}`

/**
 * Reads a PEFT LoRA folder (adapter_config.json, adapter_model.safetensors) for a base model.
 * @param linearModules module → [out, in] of every linear of the base model
 * @throws input/adapter with every problem: missing, unexpected or misshapen tensors, unsupported settings
 */
export async function readPeftAdapter(
  files: readonly ByteSource[],
  linearModules: ReadonlyMap<string, readonly [number, number]>,
): Promise<PeftAdapter> {
  const [configFile, weightsFile] = [ADAPTER_CONFIG_FILE, WEIGHTS_FILE].map((name) =>
    files.find((file) => file.name === name),
  )
  if (!configFile || !weightsFile) {
    const missing = configFile ? WEIGHTS_FILE : ADAPTER_CONFIG_FILE
    throw fileError('adapter', [
      {
        message: `the adapter folder has no ${missing}`,
        fix: `a PEFT adapter is ${ADAPTER_CONFIG_FILE} and ${WEIGHTS_FILE}`,
      },
    ])
  }
  const config = parseAdapterConfig(await readText(configFile))
  const { tensors } = await openSafetensors(weightsFile)
  const places = placeTensors(config, tensors, linearModules)
  const modules = new Map<string, LoraWeights>()
  for (const [module, { loraA, loraB, magnitude }] of places) {
    modules.set(module, {
      loraA: await loraA.readFloat32(),
      loraB: await loraB.readFloat32(),
      ...(magnitude && { magnitude: await magnitude.readFloat32() }),
    })
  }
  return { config, modules }
}

interface StoredLora {
  loraA: StoredTensor
  loraB: StoredTensor
  magnitude?: StoredTensor
}

/** Finds every tensor that the config and the base model call for, in the model's order, and nothing else. */
function placeTensors(
  config: AdapterConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  linearModules: ReadonlyMap<string, readonly [number, number]>,
): Map<string, StoredLora> {
  const problems: FileProblem[] = []
  // Adapters saved from a live model may carry the adapter's name in their keys.
  const unread = new Map([...tensors].map(([key, tensor]) => [key.replace('.default.', '.'), tensor]))
  const take = (module: string, part: Part, shape: readonly number[]): StoredTensor | undefined => {
    const key = peftKey(module, part)
    const tensor = unread.get(key)
    unread.delete(key)
    if (!tensor)
      problems.push({ message: `the adapter lacks "${key}" [${shape}]`, fix: 'use the complete adapter' })
    else if (`${tensor.shape}` !== `${shape}`) {
      const message = `adapter tensor "${key}" has shape [${tensor.shape}], expected [${shape}]`
      problems.push({ message, fix: 'use the base model that the adapter was trained on' })
    } else if (!isFloatDtype(tensor.dtype)) {
      const message = `adapter tensor "${key}" is stored as ${tensor.dtype}, expected ${FLOAT_DTYPES.join(', ')}`
      problems.push({ message, fix: 'save the adapter in a float format' })
    }
    return tensor
  }
  const places = new Map<string, StoredLora>()
  for (const [module, [out, inFeatures]] of linearModules) {
    if (!isTargetModule(module, config.targetModules)) continue
    const loraA = take(module, 'loraA', [config.rank, inFeatures])
    const loraB = take(module, 'loraB', [out, config.rank])
    const magnitude = config.useDora ? take(module, 'magnitude', [out]) : undefined
    if (loraA && loraB) places.set(module, { loraA, loraB, magnitude })
  }
  for (const target of config.targetModules) {
    if ([...linearModules.keys()].some((module) => isTargetModule(module, [target]))) continue
    const message = `target module "${target}" is no linear layer of the base model`
    problems.push({ message, fix: 'use the base model that the adapter was trained on' })
  }
  for (const key of unread.keys()) {
    const message = `adapter tensor "${key}" belongs to no target module of the base model`
    problems.push({ message, fix: 'use the base model that the adapter was trained on' })
  }
  if (problems.length > 0) throw fileError('adapter', problems)
  return places
}

/**
 * Writes the adapter's two files into `folder` of the sink. The same adapter always gives the same bytes.
 * @param linearModules module → [out, in]
 */
export async function writePeftAdapter(
  sink: FileSink,
  folder: string,
  adapter: PeftAdapter,
  linearModules: ReadonlyMap<string, readonly [number, number]>,
): Promise<void> {
  const { rank } = adapter.config
  const tensors: TensorToWrite[] = []
  const add = (module: string, part: Part, shape: readonly number[], values: Float32Array) =>
    tensors.push({ name: peftKey(module, part), dtype: 'F32', shape, data: encodeFloat32(values, 'F32') })
  for (const [module, { loraA, loraB, magnitude }] of adapter.modules) {
    const shape = linearModules.get(module)
    if (!shape) {
      const message = `the base model has no linear layer "${module}"`
      throw fileError('adapter', [{ message, fix: 'use the base model that the adapter was trained on' }])
    }
    add(module, 'loraA', [rank, shape[1]], loraA)
    add(module, 'loraB', [shape[0], rank], loraB)
    if (magnitude) add(module, 'magnitude', [shape[0]], magnitude)
  }
  const path = (file: string) => (folder ? `${folder}/${file}` : file)
  await sink.write(path(ADAPTER_CONFIG_FILE), new TextEncoder().encode(formatAdapterConfig(adapter.config)))
  await sink.write(path(WEIGHTS_FILE), writeSafetensors(tensors))
}
