import { LAYER_LINEARS } from '../formats/llama-weights.ts'
import type { StoredTensor } from '../formats/safetensors.ts'
import type { Executable } from '../graph/executable.ts'
import type { Tensor } from '../graph/tensor.ts'
import { ropeTables } from '../model/rope-tables.ts'
import { weightTensors } from '../model/weights.ts'
import { codeBookValues } from '../quant/layout.ts'
import { StudioError } from '../util/errors.ts'
import type { Program } from './program.ts'
import { quantizeWeight, type WeightQuantization } from './quantize-weights.ts'

export interface LoadedWeight {
  name: string
  /** Weights loaded so far, of how many. */
  done: number
  total: number
  /** Null for weights that lose nothing. */
  quantization: WeightQuantization | null
  /** Σ (Ŵ − W)²; 0 for weights that lose nothing. */
  squaredError: number
}

/** Bytes of a dense tensor on the host at a time. */
const PIECE_BYTES = 8 << 20

/**
 * Brings a checkpoint's weights onto the device one by one, quantizing on the GPU where the program stores 4 bits.
 * The host never holds more than the tensor under way.
 */
export async function* loadWeights(
  program: Program,
  executable: Executable,
  stored: ReadonlyMap<string, StoredTensor>,
  signal?: AbortSignal,
): AsyncGenerator<LoadedWeight, void> {
  writeTables(program, executable)
  const tensors = weightTensors(program.weights)
  let done = 0
  for (const tensor of tensors) {
    if (signal?.aborted) throw new StudioError('cancelled', 'Cancelled while weights were loaded')
    const source = stored.get(tensor.name)
    if (!source) throw new Error(`the checkpoint has no ${tensor.name}`)
    const loaded = tensor.quantization
      ? await quantizeWeight(executable, tensor, source)
      : await copyWeight(executable, tensor, source)
    done++
    const quantization = loaded && { ...loaded.report, block: blockOf(tensor.name) }
    yield {
      name: tensor.name,
      done,
      total: tensors.length,
      quantization,
      squaredError: loaded?.squaredError ?? 0,
    }
  }
}

/** Constants that no checkpoint holds: rotary angles and the values of the 4-bit codes. */
function writeTables({ request, weights, cos, sin }: Program, executable: Executable): void {
  const { tensors } = executable.plan
  const tables = ropeTables(request.model, request.positions)
  executable.write(tensors[cos.name], tables.cos)
  executable.write(tensors[sin.name], tables.sin)
  const type = request.config.quantization.type
  if (weights.codebook && (type === 'nf4' || type === 'fp4'))
    executable.write(tensors[weights.codebook.name], codeBookValues(type))
}

async function copyWeight(executable: Executable, tensor: Tensor, source: StoredTensor): Promise<null> {
  const range = executable.plan.tensors[tensor.name]
  if (tensor.format === 'f32' && source.dtype !== 'F32') {
    for (let first = 0; first < source.elements; first += PIECE_BYTES / 4) {
      const end = Math.min(first + PIECE_BYTES / 4, source.elements)
      executable.write(range, await source.readFloat32(first, end), first * 4)
    }
    return null
  }
  for (let start = 0; start < source.sizeBytes; start += PIECE_BYTES) {
    const piece = await source.readBytes(start, Math.min(start + PIECE_BYTES, source.sizeBytes))
    executable.write(range, toWords(piece), start)
  }
  return null
}

/** WebGPU writes whole words: an odd number of 16-bit weights is padded with zeros. */
export function toWords(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.length % 4 === 0) return bytes
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  padded.set(bytes)
  return padded
}

function blockOf(name: string): number | null {
  const match = /^model\.layers\.(\d+)\./.exec(name)
  return match && LAYER_LINEARS.some((linear) => name.includes(linear)) ? Number(match[1]) : null
}
