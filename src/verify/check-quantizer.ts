import type { DeviceTraits } from '../graph/device.ts'
import type { Runtime } from '../graph/executable.ts'
import type { FourBitType } from '../numbers/code-book.ts'
import { quantErrorSums, quantStatistics } from '../quant/error-statistics.ts'
import { encodeMatrix, quantLayout } from '../quant/layout.ts'
import { dequantizeMatrix, quantizeMatrix } from '../quant/quantized-matrix.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { sha256 } from '../util/sha256.ts'
import type { CaseFindings } from './check-case.ts'
import type { Finding } from './check-op.ts'
import { type Matrix, type QuantizerKernels, quantizeOnGpu } from './quantize-on-gpu.ts'

/** SHA-256 of what bitsandbytes makes of the golden matrix, by type (e2e/golden/nf4.json). */
export type GoldenHashes = Record<
  FourBitType,
  { packed_sha256: string; absmax_sha256: string; qabsmax_sha256: string }
>

/** A matrix, and what its bytes must be: of the golden hashes, or of the quantizer on the CPU. */
export interface QuantizerCase {
  matrix: Matrix
  golden: boolean
}

const GOLDEN_SHAPE = [130, 256] as const

/** The matrix that the golden hashes were taken of. */
const goldenValues = (): Float64Array =>
  Float64Array.from(
    { length: GOLDEN_SHAPE[0] * GOLDEN_SHAPE[1] },
    (_, k) => ((((k * 7919 + 104729) % 65521) / 65521) * 2 - 1) ** 3 * (1 + (Math.floor(k / 64) % 7)) * 0.05,
  )

/**
 * Both types with and without double quantization from float32, and NF4 from 16-bit weights: on a software adapter,
 * which takes long to compile, from the embedded model's alone.
 */
export function quantizerCases({ software }: Pick<DeviceTraits, 'software'>): QuantizerCase[] {
  const values = goldenValues()
  const golden = (['nf4', 'fp4'] as const).flatMap((type) =>
    [true, false].map((doubleQuant): QuantizerCase => {
      const format = { type, blockSize: 64, doubleQuant }
      const name = `${type} of float32, ${doubleQuant ? 'double' : 'single'} quantization, against bitsandbytes`
      return { golden: true, matrix: { name, shape: GOLDEN_SHAPE, format, dtype: 'F32', values } }
    }),
  )
  const dtypes = software ? (['BF16'] as const) : (['BF16', 'F16'] as const)
  const short = dtypes.map((dtype): QuantizerCase => {
    const format = { type: 'nf4', blockSize: 64, doubleQuant: true } as const
    const name = `nf4 of ${dtype === 'BF16' ? 'bfloat16' : 'float16'}, against the processor`
    return { golden: false, matrix: { name, shape: [9, 100], format, dtype, values: uniformValues(900, 8) } }
  })
  return [...golden, ...short]
}

/** Statistics are summed in float32 on the GPU. */
const STATISTICS_TOLERANCE = 2e-6

/** Quantizes a matrix on a device and compares codes, scales and the statistics of the error. */
export async function checkQuantizer(
  { matrix, golden }: QuantizerCase,
  hashes: GoldenHashes,
  runtime: Runtime,
): Promise<CaseFindings> {
  let findings: Finding[] = []
  let kernels: string[] = []
  await quantizeOnGpu(runtime, [matrix], async (_, original, buffer, report, names) => {
    const cpu = quantizeMatrix(original, matrix.shape, matrix.format, matrix.name)
    const statistics = quantStatistics(quantErrorSums(original, dequantizeMatrix(cpu), cpu.packed))
    const statisticsRight =
      report.histogram.every((count, code) => count === statistics.histogram[code]) &&
      (['mse', 'mae', 'maxError'] as const).every(
        (name) => Math.abs(report[name] / statistics[name] - 1) < STATISTICS_TOLERANCE,
      )
    const parts = golden
      ? await goldenParts(matrix, buffer, hashes[matrix.format.type])
      : cpuParts(matrix, buffer, encodeMatrix(cpu))
    findings = [
      partFinding('codes', parts.codes, names),
      partFinding('scales', parts.scales, names),
      partFinding('error', statisticsRight, names),
    ]
    kernels = Object.values(names)
  })
  return { kernels, findings }
}

async function goldenParts(
  { shape, format }: Matrix,
  buffer: Uint8Array<ArrayBuffer>,
  expected: GoldenHashes[FourBitType],
) {
  const { packedBytes, scalesOffsetBytes, blocks } = quantLayout(shape, format)
  const scaleBytes = format.doubleQuant ? blocks : 4 * blocks
  const scales = buffer.slice(scalesOffsetBytes, scalesOffsetBytes + scaleBytes)
  const scalesHash = format.doubleQuant ? expected.qabsmax_sha256 : expected.absmax_sha256
  return {
    codes: (await sha256(buffer.slice(0, packedBytes))) === expected.packed_sha256,
    scales: (await sha256(scales)) === scalesHash,
  }
}

function cpuParts({ shape, format }: Matrix, buffer: Uint8Array, expected: Uint8Array) {
  const { scalesOffsetBytes } = quantLayout(shape, format)
  const same = (from: number, to: number) =>
    expected.subarray(from, to).every((byte, index) => byte === buffer[from + index])
  return { codes: same(0, scalesOffsetBytes), scales: same(scalesOffsetBytes, expected.length) }
}

const PROBLEMS = {
  codes: 'the 4-bit codes are not those expected',
  scales: 'the scales of the blocks are not those expected',
  error: 'the error of the quantization is not summed up correctly',
}

/** Codes follow from scales, and the error from both. */
function partFinding(part: keyof QuantizerKernels, right: boolean, kernels: QuantizerKernels): Finding {
  const { scales, codes, error } = kernels
  return {
    subject: part,
    figure: right ? 0 : 1,
    tolerance: 0,
    problem: right ? null : PROBLEMS[part],
    writers: [kernels[part]],
    upstream: { scales: [scales], codes: [scales, codes], error: [scales, codes, error] }[part],
  }
}
