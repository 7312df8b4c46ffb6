import {
  type AdapterShape,
  adapterCase,
  FP4,
  type LinearShape,
  linearCase,
  NF4,
  NF4_SINGLE,
  trainedLinearCase,
} from '../verify/cases/linear.ts'
import type { WeightStorage } from '../verify/weight-input.ts'
import { testOp } from './testing/test-op.ts'

/** Single elements, odd extents, one more and one less than the tiles (64, 128, 32, 16), blocks that straddle rows. */
const shapes: LinearShape[] = [
  [1, 1, 1],
  [1, 64, 36],
  [3, 7, 5],
  [5, 172, 64],
  [17, 8, 33],
  [33, 24, 129],
  [64, 16, 128],
  [65, 132, 40],
  [70, 260, 130],
]
const storages: WeightStorage[] = ['f32', 'f16', 'bf16', NF4, NF4_SINGLE, FP4]
for (const storage of storages) for (const shape of shapes) testOp(linearCase(storage, shape))
for (const shape of shapes) testOp(trainedLinearCase(shape))
for (const shape of [
  [1, 33, 33],
  [130, 127, 65],
  [257, 129, 63],
] satisfies LinearShape[])
  testOp(trainedLinearCase(shape))

const adapters: AdapterShape[] = [
  [1, 8, 8, 4, 0],
  [3, 7, 5, 3, 0.3],
  [40, 64, 20, 8, 0],
  [67, 36, 130, 16, 0.1],
  [130, 172, 64, 64, 0.5],
  [256, 20, 12, 1, 0.05],
]
for (const shape of adapters) testOp(adapterCase(shape))
