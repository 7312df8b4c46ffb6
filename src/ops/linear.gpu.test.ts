import { linearBackwardInput, linearBackwardWeight, linearForward } from '../reference/linear.ts'
import { loraBackward, loraForward } from '../reference/lora.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { dropThreshold, hash32 } from '../util/random.ts'
import { linear } from './linear.ts'
import { testOp } from './testing/test-op.ts'
import { storageName, type WeightStorage, weightInput } from './testing/weight-input.ts'

const nf4 = { type: 'nf4', blockSize: 64, doubleQuant: true } as const
const nf4Single = { type: 'nf4', blockSize: 64, doubleQuant: false } as const
const fp4 = { type: 'fp4', blockSize: 32, doubleQuant: true } as const

/** N rows, in, out: single elements, odd extents, one more and one less than the tiles (64, 128, 32, 16), several tiles. */
const shapes: [rows: number, inFeatures: number, outFeatures: number][] = [
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

for (const storage of ['f32', 'f16', 'bf16', nf4, nf4Single, fp4] satisfies WeightStorage[]) {
  for (const [rows, inFeatures, outFeatures] of shapes) {
    const shape = { inFeatures, outFeatures }
    const weight = weightInput(
      uniformValues(outFeatures * inFeatures, 2, -0.5, 0.5),
      [outFeatures, inFeatures],
      storage,
    )
    testOp({
      name: `linear ${storageName(storage)}, ${rows} × ${inFeatures} → ${outFeatures}`,
      inputs: {
        x: { shape: [rows, inFeatures], data: uniformValues(rows * inFeatures, 1), gradient: 'activation' },
        ...weight.inputs,
      },
      build: (graph, { x, weight, codebook }) => ({ y: linear(graph, x, weight, { codebook }) }),
      reference(values, gradients) {
        const W = weight.decoded ?? values.weight
        return {
          outputs: { y: linearForward(values.x, W, shape) },
          gradients: { x: linearBackwardInput(gradients.y, W, shape) },
        }
      },
    })
  }
}

testOp({
  name: 'linear with a weight that is trained',
  inputs: {
    x: { shape: [70, 19], data: uniformValues(70 * 19, 1), gradient: 'activation' },
    weight: { shape: [10, 19], data: uniformValues(190, 2), gradient: 'parameter' },
  },
  build: (graph, { x, weight }) => ({ y: linear(graph, x, weight) }),
  reference({ x, weight }, { y: dy }) {
    const shape = { inFeatures: 19, outFeatures: 10 }
    return {
      outputs: { y: linearForward(x, weight, shape) },
      gradients: { x: linearBackwardInput(dy, weight, shape), weight: linearBackwardWeight(dy, x, shape) },
    }
  },
})

const step = { seed: 12345, step: 7, microStep: 3 }

const adapters: [rows: number, inFeatures: number, outFeatures: number, rank: number, p: number][] = [
  [1, 8, 8, 4, 0],
  [3, 7, 5, 3, 0.3],
  [40, 64, 20, 8, 0],
  [67, 36, 130, 16, 0.1],
  [130, 172, 64, 64, 0.5],
  [256, 20, 12, 1, 0.05],
]

for (const [rows, inFeatures, outFeatures, rank, p] of adapters) {
  const shape = { inFeatures, outFeatures, rank, scaling: 16 / rank }
  const maskId = 5
  const dropout = {
    p,
    mask: Float64Array.from({ length: rows * inFeatures }, (_, element) =>
      hash32(step.seed, step.step, step.microStep, maskId, element) < dropThreshold(p) ? 0 : 1,
    ),
  }
  const weight = weightInput(
    uniformValues(outFeatures * inFeatures, 2, -0.5, 0.5),
    [outFeatures, inFeatures],
    nf4,
  )
  testOp({
    name: `linear with an adapter of rank ${rank}, dropout ${p}, ${rows} × ${inFeatures} → ${outFeatures}`,
    inputs: {
      x: { shape: [rows, inFeatures], data: uniformValues(rows * inFeatures, 1), gradient: 'activation' },
      A: { shape: [rank, inFeatures], data: uniformValues(rank * inFeatures, 3), gradient: 'parameter' },
      B: { shape: [outFeatures, rank], data: uniformValues(outFeatures * rank, 4), gradient: 'parameter' },
      ...weight.inputs,
    },
    step,
    build(graph, { x, weight, codebook, A, B }) {
      return {
        y: linear(graph, x, weight, {
          codebook,
          adapter: { A, B, scaling: shape.scaling, dropout: p, maskId },
        }),
      }
    },
    reference({ x, A, B }, { y: dy }) {
      const W = weight.decoded as Float32Array
      const { y, xa } = loraForward(linearForward(x, W, shape), x, A, B, shape, dropout)
      const { dA, dB, dx } = loraBackward(dy, x, xa, A, B, shape, dropout)
      const base = linearBackwardInput(dy, W, shape)
      return { outputs: { y }, gradients: { A: dA, B: dB, x: dx.map((value, i) => value + base[i]) } }
    },
  })
}
