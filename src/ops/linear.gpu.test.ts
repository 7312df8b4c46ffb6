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
import { testOp, type Variant } from './testing/test-op.ts'

// Every way of reading a weight once. A software adapter takes six seconds to compile a tiled pipeline: the kernels of a
// GPU are tested here for NF4 and the adapters' f32, and with everything else in linear.full.gpu.test.ts.
const cases: [variant: Variant, storage: WeightStorage, shape: LinearShape][] = [
  ['plain', 'f32', [3, 7, 5]],
  ['plain', 'f32', [70, 260, 130]],
  ['plain', 'f16', [5, 12, 36]],
  ['plain', 'bf16', [17, 8, 33]],
  ['plain', FP4, [5, 172, 64]],
  ['plain', NF4, [33, 24, 129]],
  ['plain', NF4_SINGLE, [3, 7, 5]],
  ['gpu', NF4, [70, 264, 130]],
]
for (const [variant, storage, shape] of cases) testOp(linearCase(storage, shape), [variant])

const adapters: [variant: Variant, shape: AdapterShape][] = [
  ['plain', [40, 64, 20, 8, 0]],
  ['plain', [3, 7, 5, 3, 0.3]],
  ['gpu', [67, 36, 132, 16, 0.1]],
]
for (const [variant, shape] of adapters) testOp(adapterCase(shape), [variant])

// dW: single elements, one more and one less than the tiles (8, 64; 64 × 128), rows in one part and in several.
const trained: [variant: Variant, shape: LinearShape][] = [
  ['plain', [1, 1, 1]],
  ['plain', [3, 7, 5]],
  ['plain', [70, 19, 10]],
  ['plain', [130, 63, 65]],
  ['plain', [33, 68, 8]],
  ['gpu', [67, 132, 68]],
]
for (const [variant, shape] of trained) testOp(trainedLinearCase(shape), [variant])
