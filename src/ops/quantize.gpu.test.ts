import { expect, test } from 'vitest'
import golden from '../../e2e/golden/nf4.json'
import type { FourBitType } from '../numbers/code-book.ts'
import { fourBitCodeBook } from '../numbers/code-book.ts'
import { SMALLEST_NORMAL } from '../quant/block-wise.ts'
import { quantErrorSums, quantStatistics } from '../quant/error-statistics.ts'
import { encodeMatrix } from '../quant/layout.ts'
import { dequantizeMatrix, quantizeMatrix } from '../quant/quantized-matrix.ts'
import { hash32, uniform } from '../util/random.ts'
import { checkQuantizer, quantizerCases } from '../verify/check-quantizer.ts'
import { type Matrix, quantizeOnGpu } from '../verify/quantize-on-gpu.ts'
import { laneRuntime } from './testing/lane-runtime.ts'

const runtime = await laneRuntime()

const onCpu = (matrix: Matrix, original: Float32Array) =>
  quantizeMatrix(original, matrix.shape, matrix.format, matrix.name)

for (const quantizerCase of quantizerCases({ software: false })) {
  test(quantizerCase.matrix.name, async () => {
    const { findings } = await checkQuantizer(quantizerCase, golden, runtime)
    expect(findings.map(({ problem }) => problem)).toEqual([null, null, null])
  })
}

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
  await quantizeOnGpu(runtime, matrices, (matrix, original, buffer) => {
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
  await quantizeOnGpu(runtime, matrices, (matrix, original, buffer, report) => {
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
    await expect(quantizeOnGpu(runtime, [matrix], () => {})).rejects.toThrow(/model\.bad\.weight.*192 to 255/)
  }
})
