import { type ByteSource, readText } from '../util/byte-source.ts'
import type { StudioError } from '../util/errors.ts'
import { FLOAT_DTYPES, isFloatDtype } from './dtype.ts'
import { type FileProblem, fileError } from './file-error.ts'
import { isJsonObject, parseJsonObject } from './json.ts'
import { EMBEDDING_WEIGHT, LM_HEAD_WEIGHT, llamaTensorShapes } from './llama-weights.ts'
import { type ModelConfig, parseModelConfig } from './model-config.ts'
import { openSafetensors, type StoredTensor } from './safetensors.ts'

const CONFIG_FILE = 'config.json'
const SINGLE_FILE = 'model.safetensors'
const INDEX_FILE = 'model.safetensors.index.json'

/** A Hugging Face model folder: its config, and its tensors ready to be read one by one. */
export interface Checkpoint {
  readonly config: ModelConfig
  /**
   * Every tensor that the model needs, by its name, in the order of the forward pass. A tied model has
   * `model.embed_tokens.weight` whichever end its file stores, and no `lm_head.weight`.
   */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Tensors of the file that the model does not use. */
  readonly ignored: readonly string[]
  /** Of the tensors that the model uses. */
  readonly sizeBytes: number
}

/**
 * Opens the model among a folder's files (model.safetensors, or shards with model.safetensors.index.json) and checks
 * that every tensor is there in the right shape. Reads no tensor.
 * @throws input/checkpoint, input/model-config, input/architecture, input/safetensors
 */
export async function openCheckpoint(files: readonly ByteSource[]): Promise<Checkpoint> {
  const configFile = files.find((file) => file.name === CONFIG_FILE)
  if (!configFile) throw missingFile(CONFIG_FILE, files)
  const config = parseModelConfig(await readText(configFile))
  const stored = await openWeights(files)
  return matchTensors(config, stored)
}

function missingFile(name: string, files: readonly ByteSource[]): StudioError {
  const found =
    files.length === 0
      ? 'no files'
      : files
          .map((file) => file.name)
          .slice(0, 12)
          .join(', ')
  return fileError('checkpoint', [
    {
      message: `the model folder has no ${name} (found ${found})`,
      fix: 'give all files of a Hugging Face model folder',
    },
  ])
}

/** All tensors of the folder's weight files. */
async function openWeights(files: readonly ByteSource[]): Promise<ReadonlyMap<string, StoredTensor>> {
  const index = files.find((file) => file.name === INDEX_FILE)
  const single = files.find((file) => file.name === SINGLE_FILE)
  if (single) return (await openSafetensors(single)).tensors
  if (index) return openShards(index, files)
  throw missingFile(SINGLE_FILE, files)
}

async function openShards(
  index: ByteSource,
  files: readonly ByteSource[],
): Promise<ReadonlyMap<string, StoredTensor>> {
  const weightMap = parseJsonObject(await readText(index), INDEX_FILE, 'checkpoint').weight_map
  if (!isJsonObject(weightMap)) {
    throw fileError('checkpoint', [
      { message: `${INDEX_FILE} has no "weight_map"`, fix: 'download it again' },
    ])
  }
  const problems: FileProblem[] = []
  const shards = new Map<string, ReadonlyMap<string, StoredTensor>>()
  for (const shardName of new Set(Object.values(weightMap))) {
    const file = files.find((candidate) => candidate.name === shardName)
    if (file) shards.set(file.name, (await openSafetensors(file)).tensors)
    else
      problems.push({
        message: `the shard ${String(shardName)} is missing`,
        fix: 'give all files of the folder',
      })
  }
  const tensors = new Map<string, StoredTensor>()
  for (const [name, shardName] of Object.entries(weightMap)) {
    const shard = shards.get(String(shardName))
    const tensor = shard?.get(name)
    if (tensor) tensors.set(name, tensor)
    else if (shard)
      problems.push({
        message: `${String(shardName)} lacks tensor "${name}", which ${INDEX_FILE} promises`,
        fix: 'download the shard and the index again: they belong to different versions',
      })
  }
  if (problems.length > 0) throw fileError('checkpoint', problems)
  return tensors
}

function matchTensors(config: ModelConfig, stored: ReadonlyMap<string, StoredTensor>): Checkpoint {
  const problems: FileProblem[] = []
  const tensors = new Map<string, StoredTensor>()
  const used = new Set<string>()
  let sizeBytes = 0
  for (const [name, shape] of llamaTensorShapes(config)) {
    const storedName =
      !stored.has(name) && name === EMBEDDING_WEIGHT && config.tieWordEmbeddings ? LM_HEAD_WEIGHT : name
    const tensor = stored.get(storedName)
    if (!tensor) {
      problems.push(missingTensor(name, shape))
      continue
    }
    used.add(storedName)
    sizeBytes += tensor.sizeBytes
    tensors.set(name, tensor)
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      problems.push({
        message: `tensor "${storedName}" has shape [${tensor.shape}], ${CONFIG_FILE} asks for [${shape}]`,
        fix: `use the ${CONFIG_FILE} that belongs to these weights`,
      })
    }
    if (!isFloatDtype(tensor.dtype)) {
      problems.push({
        message: `tensor "${storedName}" is stored as ${tensor.dtype}, expected ${FLOAT_DTYPES.join(', ')}`,
        fix: 'use a 16- or 32-bit checkpoint',
      })
    }
  }
  if (problems.length > 0) throw fileError('checkpoint', problems)
  const ignored = [...stored.keys()].filter((name) => !used.has(name))
  return { config, tensors, ignored, sizeBytes }
}

function missingTensor(name: string, shape: readonly number[]): FileProblem {
  const fix =
    name === LM_HEAD_WEIGHT
      ? 'give the file that holds it, or set "tie_word_embeddings" to true in config.json if the model is tied'
      : 'give all weight files of the model; the file may be another model’s'
  return { message: `tensor "${name}" [${shape}] is missing`, fix }
}
