import { linearForward } from '../reference/linear.ts'
import { loraForward } from '../reference/lora.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { storageName, type WeightStorage, weightInput } from '../verify/weight-input.ts'
import { linear } from './linear.ts'
import { testOp } from './testing/test-op.ts'

const nf4 = { type: 'nf4', blockSize: 64, doubleQuant: true } as const

/** One token, or two: rows longer than what the lanes take at a time, and ends that are no multiple of 8 or 4. */
const cases: [storage: WeightStorage, rows: number, inFeatures: number, outFeatures: number][] = [
  [nf4, 1, 576, 40],
  ['bf16', 2, 1100, 12],
  ['f32', 1, 1037, 3],
]

for (const [storage, rows, inFeatures, outFeatures] of cases) {
  const shape = { inFeatures, outFeatures }
  const weight = weightInput(
    uniformValues(outFeatures * inFeatures, 2, -0.5, 0.5),
    [outFeatures, inFeatures],
    storage,
  )
  testOp({
    name: `linear of few rows, ${storageName(storage)}, ${rows} × ${inFeatures} → ${outFeatures}`,
    inputs: { x: { shape: [rows, inFeatures], data: uniformValues(rows * inFeatures, 1) }, ...weight.inputs },
    build: (graph, { x, weight, codebook }) => ({ y: linear(graph, x, weight, { codebook }) }),
    reference: (values) => ({
      outputs: { y: linearForward(values.x, weight.decoded ?? values.weight, shape) },
    }),
  })
}

testOp({
  name: 'linear of one row with an adapter',
  inputs: {
    x: { shape: [1, 576], data: uniformValues(576, 1) },
    weight: { shape: [24, 576], data: uniformValues(24 * 576, 2, -0.5, 0.5) },
    A: { shape: [5, 576], data: uniformValues(5 * 576, 3) },
    B: { shape: [24, 5], data: uniformValues(120, 4) },
  },
  build(graph, { x, weight, A, B }) {
    return { y: linear(graph, x, weight, { adapter: { A, B, scaling: 2, dropout: 0, maskId: 0 } }) }
  },
  reference({ x, weight, A, B }) {
    const shape = { inFeatures: 576, outFeatures: 24, rank: 5, scaling: 2 }
    const none = { p: 0, mask: new Float64Array(576).fill(1) }
    return { outputs: { y: loraForward(linearForward(x, weight, shape), x, A, B, shape, none).y } }
  },
})
