import type { Dtype } from '../formats/dtype.ts'
import { decodeFloat32 } from '../formats/dtype.ts'
import type { StoredTensor } from '../formats/safetensors.ts'
import type { Executable } from '../graph/executable.ts'
import { Graph } from '../graph/graph.ts'
import type { QuantizedStorage, StorageFormat, Tensor } from '../graph/tensor.ts'
import { fourBitCodeBook } from '../numbers/code-book.ts'
import { blockAbsmax, quantizationError, quantizationErrorSums, quantizeCodes } from '../ops/quantize.ts'
import { absmaxFromBits, blockReciprocals, hostBlocks, quantizeBlock } from '../quant/block-wise.ts'
import { type QuantStatistics, quantStatistics } from '../quant/error-statistics.ts'
import { encodeScales, quantLayout } from '../quant/layout.ts'
import { nestAbsmax } from '../quant/nested-scales.ts'
import { packCodes } from '../quant/packing.ts'
import { toWords } from './load-weights.ts'
import { STAGE } from './program.ts'

/** What quantizing one weight did to it. */
export interface WeightQuantization extends QuantStatistics {
  name: string
  shape: readonly number[]
  /** Decoder block, or null. */
  block: number | null
  bitsPerParam: number
  /** Values of the 16 codes, in code order. */
  codePoints: number[]
}

const SOURCE_FORMAT: Partial<Record<Dtype, Exclude<StorageFormat, 'nf4' | 'fp4'>>> = {
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
}

/**
 * Records the three parts of quantizing one weight (NUMERICS §13): block maxima; codes, from the host's exactly
 * rounded reciprocals; error against the original. Its scratch space is the arena, which is idle while weights load.
 */
export function recordQuantization(weight: Tensor, dtype: Dtype, codebook: Tensor): Graph {
  const format = SOURCE_FORMAT[dtype]
  const storage = weight.quantization
  if (!format || !storage) throw new Error(`${weight.name} (${dtype}) is not to be quantized`)
  const { blocks } = quantLayout(weight.shape, storage)
  const graph = new Graph('load')
  const source = graph.expose('source', graph.activation('source', weight.shape, format))
  graph.expose('maxBits', blockAbsmax(graph, source, { blockSize: storage.blockSize }))
  graph.hostTurn()
  const reciprocals = graph.expose('reciprocals', graph.activation('reciprocals', [blocks]))
  quantizeCodes(graph, source, reciprocals, weight)
  graph.hostTurn()
  graph.expose('errorSums', quantizationError(graph, source, weight, codebook))
  return graph
}

/** @throws input/non-finite that names the tensor */
export async function quantizeWeight(
  executable: Executable,
  weight: Tensor,
  stored: StoredTensor,
): Promise<{ report: Omit<WeightQuantization, 'block'>; squaredError: number }> {
  const storage = weight.quantization as QuantizedStorage
  const stage = STAGE.load(weight.name)
  const { source, maxBits, reciprocals, errorSums } = executable.plan.stages[stage].exposed
  const target = executable.plan.tensors[weight.name]
  const layout = quantLayout(weight.shape, storage)

  const bytes = await stored.readBytes()
  executable.write(source, toWords(bytes))
  executable.run(stage, 0)
  const absmax = absmaxFromBits(words(await executable.read(maxBits)), storage.blockSize, weight.name)
  executable.write(reciprocals, blockReciprocals(absmax))
  executable.run(stage, 1)
  const scales = storage.doubleQuant ? nestAbsmax(absmax, weight.name) : absmax
  executable.write(target, encodeScales(scales, layout), layout.scalesOffsetBytes)
  for (const block of hostBlocks(absmax, layout.elements, storage.blockSize)) {
    const packed = packBlock(bytes, stored.dtype, weight.name, storage, absmax[block], block, layout.elements)
    executable.write(target, toWords(packed), (block * storage.blockSize) / 2)
  }
  executable.run(stage, 2)
  const sums = quantizationErrorSums(await executable.read(errorSums), layout.elements)
  return {
    report: {
      name: weight.name,
      shape: weight.shape,
      bitsPerParam: layout.bitsPerParam,
      codePoints: [...fourBitCodeBook(storage.type).code],
      ...quantStatistics(sums),
    },
    squaredError: sums.sumSquaredError,
  }
}

/** A block that must be rounded exactly as on a CPU: a short last one divides, and a huge one has no normal reciprocal. */
function packBlock(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: Dtype,
  name: string,
  { type, blockSize }: QuantizedStorage,
  absmax: number,
  block: number,
  elements: number,
): Uint8Array<ArrayBuffer> {
  const first = block * blockSize
  const count = Math.min(blockSize, elements - first)
  const elementBytes = bytes.length / elements
  const values = decodeFloat32(bytes.slice(first * elementBytes, (first + count) * elementBytes), dtype, name)
  const book = fourBitCodeBook(type)
  const codes = new Uint8Array(count)
  quantizeBlock(values, absmax, count < blockSize, book, codes)
  return packCodes(codes, book)
}

const words = (bytes: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
