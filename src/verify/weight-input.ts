import { bufferTensor, quantizedTensor, type Tensor } from '../graph/tensor.ts'
import { codeBookValues, encodeMatrix, layoutOf } from '../quant/layout.ts'
import { dequantizeMatrix, quantizeMatrix } from '../quant/quantized-matrix.ts'
import type { Values } from '../reference/array.ts'
import type { TestInput } from './op-case.ts'

/** How a test stores a weight: f32, f16, bf16, or 4 bits with a block size. */
export type WeightStorage =
  | 'f32'
  | 'f16'
  | 'bf16'
  | { type: 'nf4' | 'fp4'; blockSize: number; doubleQuant: boolean }

/** `values` as inputs of an op case, and the values that its reference must use. */
export interface WeightInput {
  /** `weight`, and `codebook` for 4 bits. */
  inputs: Record<string, TestInput>
  /** Of a 4-bit weight, whose bytes the case passes on as they are. */
  decoded?: Float32Array
}

export function weightInput(
  values: Values,
  shape: readonly [number, number],
  storage: WeightStorage,
): WeightInput {
  if (typeof storage === 'string') return { inputs: { weight: { shape, data: values, format: storage } } }
  const matrix = quantizeMatrix(Float32Array.from(values), shape, storage, 'weight')
  const layout = layoutOf(matrix)
  const tensor: Tensor = quantizedTensor('weight', shape, storage, layout)
  return {
    inputs: {
      weight: { tensor, bytes: encodeMatrix(matrix) },
      codebook: {
        tensor: bufferTensor('codebook', [272], 'f32', 'weights'),
        bytes: new Uint8Array(codeBookValues(storage.type).buffer),
      },
    },
    decoded: dequantizeMatrix(matrix),
  }
}

export const storageName = (storage: WeightStorage): string =>
  typeof storage === 'string'
    ? storage
    : `${storage.type}-${storage.blockSize}${storage.doubleQuant ? '-nested' : ''}`
