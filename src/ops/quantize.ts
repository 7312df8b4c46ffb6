import absmaxSource from '../../shaders/quantize_absmax.wgsl?raw'
import codesSource from '../../shaders/quantize_codes.wgsl?raw'
import errorSource from '../../shaders/quantize_error.wgsl?raw'
import type { Graph } from '../graph/graph.ts'
import type { Kernel } from '../graph/kernel.ts'
import type { Operation } from '../graph/operation.ts'
import { elementCount, type QuantizedStorage, type Tensor } from '../graph/tensor.ts'
import { fourBitCodeBook } from '../numbers/code-book.ts'
import { combineErrorSums, type QuantErrorSums } from '../quant/error-statistics.ts'
import { quantLayout } from '../quant/layout.ts'
import { ELEMENTWISE_WORKGROUP, elementwiseWorkgroups, FLAT_INDEX } from './elementwise.ts'
import { type WeightSource, weightSource } from './weight-source.ts'

const blockAbsmaxOperation: Operation<{ blockSize: number }> = {
  name: 'block_absmax',
  kernels({ inputs, outputs: { maxBits }, attributes: { blockSize } }, { limits }) {
    const source = weightSource(inputs.source)
    const blocks = maxBits.shape[0]
    return [
      {
        kernel: {
          name: `quantize_absmax.${source.name}`,
          source: absmaxSource,
          includes: [FLAT_INDEX, ...source.includes],
          bindings: [...source.bindings, { name: 'max_bits', element: 'u32', access: 'write' }],
          params: [
            { name: 'elements', type: 'u32' },
            { name: 'blocks', type: 'u32' },
            { name: 'blockSize', type: 'u32' },
          ],
          workgroupSize: ELEMENTWISE_WORKGROUP,
        },
        tensors: { ...source.tensors, max_bits: maxBits },
        params: { elements: elementCount(inputs.source.shape), blocks, blockSize },
        workgroups: elementwiseWorkgroups(blocks, limits),
      },
    ]
  },
}

/**
 * Largest magnitude of every block of a dense tensor (f32, f16 or bf16), as f32 bits: u32 [blocks], of which the host
 * makes scales and reciprocals (quant/block-wise, absmaxFromBits). A block with NaN or infinity gives ≥ 0x7f800000.
 */
export function blockAbsmax(graph: Graph, source: Tensor, { blockSize }: { blockSize: number }): Tensor {
  const maxBits = graph.activation('max bits', [Math.ceil(elementCount(source.shape) / blockSize)], 'u32')
  graph.record(blockAbsmaxOperation, { inputs: { source }, outputs: { maxBits }, attributes: { blockSize } })
  return maxBits
}

const quantizeCodesOperation: Operation<QuantizedStorage> = {
  name: 'quantize_codes',
  kernels(
    { inputs: { source, reciprocals }, outputs: { weight }, attributes: { type, blockSize, doubleQuant } },
    { limits },
  ) {
    const access = weightSource(source)
    const elements = elementCount(source.shape)
    // Padding included: nothing of the codes is left to what the buffer held before.
    const words = quantLayout(weight.shape, { type, blockSize, doubleQuant }).packedSizeBytes / 4
    return [
      {
        kernel: {
          name: `quantize_codes.${type}.${access.name}`,
          source: codesSource,
          includes: [FLAT_INDEX, ...access.includes, nearestCodeWgsl(type)],
          bindings: [
            ...access.bindings,
            { name: 'reciprocals', element: 'f32', access: 'read' },
            { name: 'packed', element: 'u32', access: 'read_write' },
          ],
          params: [
            { name: 'elements', type: 'u32' },
            { name: 'words', type: 'u32' },
            { name: 'blockShift', type: 'u32' },
          ],
          workgroupSize: ELEMENTWISE_WORKGROUP,
        },
        tensors: { ...access.tensors, reciprocals, packed: weight },
        params: { elements, words, blockShift: Math.log2(blockSize) },
        workgroups: elementwiseWorkgroups(words, limits),
      },
    ]
  },
}

/**
 * Writes the packed codes of `source` into the quantized matrix `weight`; its scales are the host's to write.
 * `reciprocals` f32 [blocks] from quant/block-wise, blockReciprocals.
 */
export function quantizeCodes(graph: Graph, source: Tensor, reciprocals: Tensor, weight: Tensor): void {
  const attributes = storageOf(weight)
  graph.record(quantizeCodesOperation, {
    inputs: { source, reciprocals },
    outputs: { weight },
    updates: ['weight'],
    attributes,
  })
}

/** Elements that one invocation sums: enough to keep the records few, few enough for f32. */
const RUN_ELEMENTS = 1024
const MAX_RUNS = 1 << 16
/** Four sums and 16 counts. */
const RECORD_WORDS = 20

const quantizationErrorOperation: Operation<null> = {
  name: 'quantization_error',
  kernels({ inputs: { source, weight, codebook }, outputs: { sums } }, { limits }) {
    const access = weightSource(weight, { codebook })
    const original = renamed(weightSource(source))
    const elements = elementCount(weight.shape)
    const runs = sums.shape[0]
    const kernel: Kernel = {
      name: `quantize_error.${access.name}.${original.name}`,
      source: errorSource,
      includes: [FLAT_INDEX, ...access.includes, ...original.includes],
      bindings: [...access.bindings, ...original.bindings, { name: 'sums', element: 'u32', access: 'write' }],
      params: [{ name: 'elements', type: 'u32' }, { name: 'run', type: 'u32' }, ...access.params],
      workgroupSize: ELEMENTWISE_WORKGROUP,
    }
    return [
      {
        kernel,
        tensors: { ...access.tensors, ...original.tensors, sums },
        params: { elements, run: runElements(elements), ...access.paramValues },
        workgroups: elementwiseWorkgroups(runs, limits),
      },
    ]
  },
}

/**
 * Error of a quantized matrix against the dense tensor it was made of: u32 [runs, 20] partial sums, to be read by
 * quantizationErrorSums.
 */
export function quantizationError(graph: Graph, source: Tensor, weight: Tensor, codebook: Tensor): Tensor {
  const elements = elementCount(weight.shape)
  const sums = graph.activation(
    'error sums',
    [Math.ceil(elements / runElements(elements)), RECORD_WORDS],
    'u32',
  )
  graph.record(quantizationErrorOperation, {
    inputs: { source, weight, codebook },
    outputs: { sums },
    attributes: null,
  })
  return sums
}

/** The sums of quantizationError over all runs, in float64. */
export function quantizationErrorSums(bytes: Uint8Array<ArrayBuffer>, elements: number): QuantErrorSums {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const run = runElements(elements)
  const parts = Array.from({ length: words.length / RECORD_WORDS }, (_, index): QuantErrorSums => {
    const at = index * RECORD_WORDS
    return {
      count: Math.min(run, elements - index * run),
      sumSquaredError: floats[at],
      sumAbsError: floats[at + 1],
      maxError: floats[at + 2],
      sumSquares: floats[at + 3],
      histogram: [...words.subarray(at + 4, at + RECORD_WORDS)],
    }
  })
  return combineErrorSums(parts)
}

const runElements = (elements: number): number => Math.max(RUN_ELEMENTS, Math.ceil(elements / MAX_RUNS))

/** The dense weight functions under the names of a second tensor: load_source on a binding `source`. */
function renamed(access: WeightSource): WeightSource {
  const rename = (text: string) => text.replaceAll('weight', 'source')
  return {
    ...access,
    includes: access.includes.slice(-1).map(rename),
    bindings: access.bindings.map((binding) => ({ ...binding, name: rename(binding.name) })),
    tensors: Object.fromEntries(
      Object.entries(access.tensors).map(([name, tensor]) => [rename(name), tensor]),
    ),
  }
}

/** `rank_of(x)`, how many thresholds lie below x (a tie goes down), and `code_of_rank(rank)`, from the code book's exact bits. */
function nearestCodeWgsl(type: QuantizedStorage['type']): string {
  const { thresholds, order } = fourBitCodeBook(type)
  const bits = new Uint32Array(Float32Array.from(thresholds).buffer)
  const terms = [...bits].map(
    (threshold) => `u32(x > bitcast<f32>(0x${threshold.toString(16).padStart(8, '0')}u))`,
  )
  const packed = [0, 8].map((first) =>
    [...order].slice(first, first + 8).reduce((word, code, i) => (word | (code << (4 * i))) >>> 0, 0),
  )
  return `fn rank_of(x: f32) -> u32 {
  return ${terms.join('\n    + ')};
}

fn code_of_rank(rank: u32) -> u32 {
  return (select(${packed[0]}u, ${packed[1]}u, rank >= 8u) >> ((rank & 7u) * 4u)) & 15u;
}`
}

function storageOf(weight: Tensor): QuantizedStorage {
  if (!weight.quantization) throw new Error(`${weight.name} is no quantized matrix`)
  return weight.quantization
}
