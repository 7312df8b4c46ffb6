import type { Dtype } from '../formats/dtype.ts'
import type { StoredTensor } from '../formats/safetensors.ts'
import type { DeviceTraits } from '../graph/device.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import { makePlan } from '../graph/make-plan.ts'
import type { Plan } from '../graph/plan.ts'
import { bufferTensor, quantizedTensor, type Tensor } from '../graph/tensor.ts'
import type { FourBitType } from '../numbers/code-book.ts'
import { codeBookValues, quantLayout } from '../quant/layout.ts'
import type { QuantizationFormat } from '../quant/quantized-matrix.ts'
import { STAGE } from '../train/program.ts'
import { quantizeWeight, recordQuantization } from '../train/quantize-weights.ts'
import { SENTINEL } from './fenced-graph.ts'
import { decodeValues, encodeValues } from './tensor-bytes.ts'

type Quantized = Awaited<ReturnType<typeof quantizeWeight>>

/** Names of the kernels that make a matrix's scales, its codes and the statistics of its error. */
export interface QuantizerKernels {
  scales: string
  codes: string
  error: string
}

/** A dense matrix and what is to be made of it. */
export interface Matrix {
  name: string
  shape: readonly [number, number]
  format: QuantizationFormat
  dtype: 'F32' | 'F16' | 'BF16'
  values: Float64Array
}

const STORAGE = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const

/** Quantizes all of them with one plan, whose buffers hold garbage before. `visit` gets each matrix's buffer and report. */
export async function quantizeOnGpu(
  runtime: Runtime,
  matrices: readonly Matrix[],
  visit: (
    matrix: Matrix,
    original: Float32Array,
    buffer: Uint8Array<ArrayBuffer>,
    report: Quantized['report'],
    kernels: QuantizerKernels,
  ) => void | Promise<void>,
): Promise<void> {
  const { plan, weights, codebooks } = planQuantization(matrices, runtime.traits)
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
      const buffer = await executable.read(plan.tensors[matrix.name])
      await visit(matrix, original, buffer, report, quantizerKernels(plan, matrix.name))
    }
    await executable.idle()
  } finally {
    executable.destroy()
  }
}

/** A stage for each matrix, under one plan. */
export function planQuantization(matrices: readonly Matrix[], traits: DeviceTraits) {
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
  const plan = makePlan(stages, traits, [...Object.values(codebooks), ...weights])
  return { plan, weights, codebooks }
}

/** Each part of the stage is one kernel, with the host's turn between them. */
function quantizerKernels({ stages, kernels }: Plan, weight: string): QuantizerKernels {
  const { commands, parts } = stages[STAGE.load(weight)]
  const [scales, codes, error] = parts.map((first) => {
    const command = commands[first]
    if (command.kind !== 'dispatch') throw new Error(`quantizing ${weight} does not begin with a kernel`)
    return kernels[command.kernel].kernel.name
  })
  return { scales, codes, error }
}

function fillWithGarbage(executable: Executable): void {
  executable.plan.buffers.forEach(({ usage, sizeBytes }, buffer) => {
    if (usage === 'storage')
      executable.write({ buffer, offset: 0, sizeBytes }, new Uint32Array(sizeBytes / 4).fill(SENTINEL))
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
