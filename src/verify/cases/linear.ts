import { linear } from '../../ops/linear.ts'
import { linearBackwardInput, linearBackwardWeight, linearForward } from '../../reference/linear.ts'
import { loraBackward, loraForward } from '../../reference/lora.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import { dropThreshold, hash32 } from '../../util/random.ts'
import type { OpCase } from '../op-case.ts'
import { storageName, type WeightStorage, weightInput } from '../weight-input.ts'

export const NF4 = { type: 'nf4', blockSize: 64, doubleQuant: true } as const
export const NF4_SINGLE = { type: 'nf4', blockSize: 64, doubleQuant: false } as const
export const FP4 = { type: 'fp4', blockSize: 32, doubleQuant: true } as const

export type LinearShape = [rows: number, inFeatures: number, outFeatures: number]

/** y = x · Wᵀ with W stored in some way, and dx. */
export function linearCase(storage: WeightStorage, [rows, inFeatures, outFeatures]: LinearShape): OpCase {
  const shape = { inFeatures, outFeatures }
  const { inputs, decoded } = baseWeight(storage, inFeatures, outFeatures)
  return {
    name: `linear ${storageName(storage)}, ${rows} × ${inFeatures} → ${outFeatures}`,
    inputs: {
      x: { shape: [rows, inFeatures], data: uniformValues(rows * inFeatures, 1), gradient: 'activation' },
      ...inputs,
    },
    build: (graph, { x, weight, codebook }) => ({ y: linear(graph, x, weight, { codebook }) }),
    reference(values, gradients) {
      const W = decoded ?? values.weight
      return {
        outputs: { y: linearForward(values.x, W, shape) },
        gradients: { x: linearBackwardInput(gradients.y, W, shape) },
      }
    },
  }
}

/** The same with an f32 weight that is trained: dW alone. */
export function trainedLinearCase([rows, inFeatures, outFeatures]: LinearShape): OpCase {
  const shape = { inFeatures, outFeatures }
  return {
    name: `linear with a weight that is trained, ${rows} × ${inFeatures} → ${outFeatures}`,
    inputs: {
      x: { shape: [rows, inFeatures], data: uniformValues(rows * inFeatures, 1), activation: true },
      weight: {
        shape: [outFeatures, inFeatures],
        data: uniformValues(outFeatures * inFeatures, 2),
        gradient: 'parameter',
      },
    },
    build: (graph, { x, weight }) => ({ y: linear(graph, x, weight) }),
    reference: ({ x, weight }, { y: dy }) => ({
      outputs: { y: linearForward(x, weight, shape) },
      gradients: { weight: linearBackwardWeight(dy, x, shape) },
    }),
  }
}

export type AdapterShape = [...LinearShape, rank: number, dropout: number]

/** The same over an NF4 weight with an adapter, and the adapter's gradients. */
export function adapterCase([rows, inFeatures, outFeatures, rank, p]: AdapterShape): OpCase {
  const shape = { inFeatures, outFeatures, rank, scaling: 16 / rank }
  const step = { seed: 12345, step: 7, microStep: 3 }
  const maskId = 5
  const keeps = (element: number) =>
    hash32(step.seed, step.step, step.microStep, maskId, element) >= dropThreshold(p)
  const mask = Float64Array.from({ length: rows * inFeatures }, (_, element) => Number(keeps(element)))
  const dropout = { p, mask }
  const { inputs, decoded } = baseWeight(NF4, inFeatures, outFeatures)
  return {
    name: `linear with an adapter of rank ${rank}, dropout ${p}, ${rows} × ${inFeatures} → ${outFeatures}`,
    inputs: {
      x: { shape: [rows, inFeatures], data: uniformValues(rows * inFeatures, 1), gradient: 'activation' },
      A: { shape: [rank, inFeatures], data: uniformValues(rank * inFeatures, 3), gradient: 'parameter' },
      B: { shape: [outFeatures, rank], data: uniformValues(outFeatures * rank, 4), gradient: 'parameter' },
      ...inputs,
    },
    step,
    build(graph, { x, weight, codebook, A, B }) {
      const adapter = { A, B, scaling: shape.scaling, dropout: p, maskId }
      return { y: linear(graph, x, weight, { codebook, adapter }) }
    },
    reference({ x, A, B }, { y: dy }) {
      const W = decoded as Float32Array
      const { y, xa } = loraForward(linearForward(x, W, shape), x, A, B, shape, dropout)
      const { dA, dB, dx } = loraBackward(dy, x, xa, A, B, shape, dropout)
      const base = linearBackwardInput(dy, W, shape)
      return { outputs: { y }, gradients: { A: dA, B: dB, x: dx.map((value, i) => value + base[i]) } }
    },
  }
}

const baseWeight = (storage: WeightStorage, inFeatures: number, outFeatures: number) =>
  weightInput(uniformValues(outFeatures * inFeatures, 2, -0.5, 0.5), [outFeatures, inFeatures], storage)
