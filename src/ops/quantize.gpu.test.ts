import { describe, expect, test } from 'vitest'
import golden from '../../e2e/golden/nf4.json'
import type { Dtype } from '../formats/dtype.ts'
import type { StoredTensor } from '../formats/safetensors.ts'
import type { Executable } from '../graph/executable.ts'
import { makePlan } from '../graph/make-plan.ts'
import { bufferTensor, quantizedTensor, type Tensor } from '../graph/tensor.ts'
import type { FourBitType } from '../numbers/code-book.ts'
import { fourBitCodeBook } from '../numbers/code-book.ts'
import { SMALLEST_NORMAL } from '../quant/block-wise.ts'
import { quantErrorSums, quantStatistics } from '../quant/error-statistics.ts'
import { codeBookValues, encodeMatrix, quantLayout } from '../quant/layout.ts'
import { dequantizeMatrix, type QuantizationFormat, quantizeMatrix } from '../quant/quantized-matrix.ts'
import { STAGE } from '../train/program.ts'
import { quantizeWeight, recordQuantization } from '../train/quantize-weights.ts'
import { hash32, uniform } from '../util/random.ts'
import { decodeValues, encodeValues } from '../verify/tensor-bytes.ts'
import { laneRuntime } from './testing/lane-runtime.ts'

interface Matrix {
  name: string
  shape: readonly [number, number]
  format: QuantizationFormat
  dtype: 'F32' | 'F16' | 'BF16'
  values: Float64Array
}

const STORAGE = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const

/** Quantizes all of them with one plan, whose buffers hold garbage before. `visit` gets each matrix's buffer and report. */
async function quantizeOnGpu(
  matrices: readonly Matrix[],
  visit: (
    matrix: Matrix,
    original: Float32Array,
    buffer: Uint8Array,
    report: Awaited<ReturnType<typeof quantizeWeight>>['report'],
  ) => void | Promise<void>,
): Promise<void> {
  const runtime = await laneRuntime()
  const codebooks = {
    nf4: bufferTensor('codebook nf4', [272], 'f32', 'weights'),
    fp4: bufferTensor('codebook fp4', [272], 'f32', 'weights'),
  }
  const weights = matrices.map(
    ({ name, shape, format }): Tensor => quantizedTensor(name, shape, format, quantLayout(shape, format)),
  )
  const stages = Object.fromEntries(
    matrices.map(({ name, dtype, format }, index) => [
      STAGE.load(name),
      recordQuantization(weights[index], dtype, codebooks[format.type]),
    ]),
  )
  const plan = makePlan(stages, runtime.traits, [...Object.values(codebooks), ...weights])
  const executable = await runtime.realise(plan)
  try {
    fillWithGarbage(executable)
    for (const [type, codebook] of Object.entries(codebooks))
      executable.write(plan.tensors[codebook.name], codeBookValues(type as FourBitType))
    for (const [index, matrix] of matrices.entries()) {
      const bytes = encodeValues(matrix.values, STORAGE[matrix.dtype])
      const elements = matrix.shape[0] * matrix.shape[1]
      const original = Float32Array.from(decodeValues(bytes, STORAGE[matrix.dtype], elements))
      const stored = storedTensor(
        matrix,
        bytes.slice(0, elements * (matrix.dtype === 'F32' ? 4 : 2)),
        original,
      )
      const { report } = await quantizeWeight(executable, weights[index], stored)
      await visit(matrix, original, await executable.read(plan.tensors[matrix.name]), report)
    }
    await executable.idle()
  } finally {
    executable.destroy()
  }
}

function fillWithGarbage(executable: Executable): void {
  executable.plan.buffers.forEach(({ usage, sizeBytes }, buffer) => {
    if (usage === 'storage')
      executable.write({ buffer, offset: 0, sizeBytes }, new Uint32Array(sizeBytes / 4).fill(0x7fc0dead))
  })
}

const storedTensor = (
  { name, shape, dtype }: Matrix,
  bytes: Uint8Array<ArrayBuffer>,
  original: Float32Array<ArrayBuffer>,
): StoredTensor => ({
  name,
  dtype: dtype as Dtype,
  shape,
  elements: original.length,
  sizeBytes: bytes.length,
  readBytes: async (start = 0, end = bytes.length) => bytes.slice(start, end),
  readFloat32: async (first = 0, end = original.length) => original.slice(first, end),
})

const onCpu = (matrix: Matrix, original: Float32Array) =>
  quantizeMatrix(original, matrix.shape, matrix.format, matrix.name)

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes.slice())
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

describe('golden hashes of bitsandbytes', () => {
  const shape = [130, 256] as const
  const values = Float64Array.from(
    { length: shape[0] * shape[1] },
    (_, k) => ((((k * 7919 + 104729) % 65521) / 65521) * 2 - 1) ** 3 * (1 + (Math.floor(k / 64) % 7)) * 0.05,
  )

  test.each<FourBitType>(['nf4', 'fp4'])('%s', async (type) => {
    const expected = golden[type]
    const matrices = [false, true].map((doubleQuant): Matrix => {
      const format = { type, blockSize: 64, doubleQuant }
      return { name: `${type} ${doubleQuant}`, shape, format, dtype: 'F32', values }
    })
    await quantizeOnGpu(matrices, async ({ format }, _, buffer) => {
      const { packedBytes, scalesOffsetBytes, blocks } = quantLayout(shape, format)
      expect(await sha256(buffer.subarray(0, packedBytes))).toBe(expected.packed_sha256)
      const scales = buffer.subarray(scalesOffsetBytes)
      if (format.doubleQuant) expect(await sha256(scales.subarray(0, blocks))).toBe(expected.qabsmax_sha256)
      else expect(await sha256(scales.subarray(0, 4 * blocks))).toBe(expected.absmax_sha256)
    })
  })
})

const BLOCK_SIZES = [32, 64, 128, 256, 512, 1024, 2048, 4096]
const DTYPES = ['F32', 'F32', 'F16', 'BF16'] as const

/** A value that the code of its block makes hard: near and on thresholds, zeros of both signs, subnormal, ordinary. */
function hardValue(seed: number, index: number, scale: number, type: FourBitType): number {
  const choice = hash32(seed, index, 1) % 16
  const sign = hash32(seed, index, 2) & 1 ? -1 : 1
  if (choice === 0) return sign * 0
  if (choice === 1) return sign * SMALLEST_NORMAL * uniform(seed, index, 3)
  if (choice === 2) return sign * scale
  if (choice < 6) {
    const { thresholds } = fourBitCodeBook(type)
    const ulps = (hash32(seed, index, 5) % 3) - 1
    return thresholds[hash32(seed, index, 4) % thresholds.length] * scale * (1 + ulps * 2 ** -23)
  }
  return sign * scale * uniform(seed, index, 6) ** 2
}

/** Blocks of very different scales: of zeros, of subnormals, the smallest normals, so large that 1/absmax is subnormal. */
function blockScale(seed: number, block: number, dtype: Matrix['dtype']): number {
  const choice = hash32(seed, block, 7) % 10
  if (choice === 0) return 0
  if (choice === 1) return SMALLEST_NORMAL / 3
  if (choice === 2) return SMALLEST_NORMAL * 1.5
  if (choice === 3) return dtype === 'F16' ? 60000 : 3e38
  if (choice === 4) return 1
  return 10 ** (-6 * uniform(seed, block, 8))
}

function randomMatrix(seed: number): Matrix {
  const type = seed & 1 ? 'nf4' : 'fp4'
  const blockSize = BLOCK_SIZES[seed % BLOCK_SIZES.length]
  const rows = 1 + (hash32(seed, 9) % 9)
  const columns = 1 + (hash32(seed, 10) % Math.min(1200, 3 * blockSize))
  // The last index bit of three chooses: seed & 1 goes with the type.
  const format = { type, blockSize, doubleQuant: (hash32(seed, 11) & 1) === 1 } as const
  const dtype = DTYPES[hash32(seed, 12) % DTYPES.length]
  const values = Float64Array.from({ length: rows * columns }, (_, index) =>
    hardValue(seed, index, blockScale(seed, Math.floor(index / blockSize), dtype), type),
  )
  return {
    name: `seed ${seed}: ${type} ${blockSize} ${dtype} ${rows}×${columns}`,
    shape: [rows, columns],
    format,
    dtype,
    values,
  }
}

test('100 random matrices have the bytes that the CPU gives them, odd lengths, straddling, zero, subnormal and huge blocks among them', async () => {
  const matrices = Array.from({ length: 100 }, (_, seed) => randomMatrix(seed))
  const different: string[] = []
  let odd = 0
  let straddling = 0
  await quantizeOnGpu(matrices, (matrix, original, buffer) => {
    if (original.length & 1) odd++
    if (matrix.shape[0] > 1 && matrix.shape[1] % matrix.format.blockSize !== 0) straddling++
    const expected = encodeMatrix(onCpu(matrix, original))
    const at = expected.findIndex((byte, index) => byte !== buffer[index])
    if (at >= 0)
      different.push(
        `${matrix.name}: byte ${at} of ${expected.length} is ${buffer[at]}, expected ${expected[at]}`,
      )
  })
  expect(different).toEqual([])
  expect(odd).toBeGreaterThan(20)
  expect(straddling).toBeGreaterThan(50)
})

test('every block size and both types, single and double, on a weight of a common shape', async () => {
  const matrices = BLOCK_SIZES.flatMap((blockSize) =>
    (['nf4', 'fp4'] as const).map((type, index): Matrix => {
      const doubleQuant = (Math.log2(blockSize) + index) % 2 === 0
      const values = Float64Array.from(
        { length: 96 * 192 },
        (_, i) => (uniform(blockSize, i) + uniform(blockSize, i, 1) - 1) * 0.1,
      )
      return {
        name: `${type} ${blockSize}`,
        shape: [96, 192],
        format: { type, blockSize, doubleQuant },
        dtype: 'F32',
        values,
      }
    }),
  )
  await quantizeOnGpu(matrices, (matrix, original, buffer, report) => {
    const expected = onCpu(matrix, original)
    expect(buffer, matrix.name).toEqual(encodeMatrix(expected))

    const statistics = quantStatistics(quantErrorSums(original, dequantizeMatrix(expected), expected.packed))
    expect(report.histogram, matrix.name).toEqual(statistics.histogram)
    for (const name of ['mse', 'rmse', 'mae', 'maxError', 'snrDb'] as const) {
      expect(Math.abs(report[name] / statistics[name] - 1), `${matrix.name} ${name}`).toBeLessThan(2e-6)
    }
  })
})

test.each([
  ['a NaN', Number.NaN],
  ['an infinity', Number.NEGATIVE_INFINITY],
])('%s is refused by name', async (_, bad) => {
  const values = new Float64Array(300).fill(0.5)
  values[200] = bad
  for (const dtype of ['F32', 'F16', 'BF16'] as const) {
    const matrix: Matrix = {
      name: 'model.bad.weight',
      shape: [3, 100],
      format: { type: 'nf4', blockSize: 64, doubleQuant: true },
      dtype,
      values,
    }
    await expect(quantizeOnGpu([matrix], () => {})).rejects.toThrow(/model\.bad\.weight.*192 to 255/)
  }
})
