import { adamwStep } from '../reference/adamw.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { adamw } from './adamw.ts'
import { testOp } from './testing/test-op.ts'

const f = Math.fround
const STEP = { learningRate: f(1e-3), beta1: f(0.9), beta2: f(0.999), epsilon: f(1e-8), weightDecay: f(0.1) }

interface Options {
  step?: number
  maxGradNorm?: number
  norm?: number
  count?: number
}

/** The betas that the reference sees are those of the uniform, rounded to f32. */
function adamwTest(name: string, { step = 1, maxGradNorm = 0, norm = 3, count = 260 }: Options): void {
  const fresh = step === 1
  testOp({
    name: `AdamW, ${name}`,
    inputs: {
      values: { shape: [count], data: uniformValues(count, 1) },
      gradients: { shape: [count], data: uniformValues(count, 2) },
      m: { shape: [count], data: fresh ? new Float64Array(count) : uniformValues(count, 3, -0.1, 0.1) },
      v: { shape: [count], data: fresh ? new Float64Array(count) : uniformValues(count, 4, 0, 0.01) },
      norm: { shape: [1], data: [norm] },
    },
    build(graph, { values, gradients, m, v, norm }) {
      adamw(graph, { values, gradients, m, v, norm })
      return { values, m, v }
    },
    reference({ values, gradients, m, v }) {
      const skip = !Number.isFinite(norm)
      const clipFactor = maxGradNorm > 0 && norm > maxGradNorm ? maxGradNorm / norm : 1
      const { learningRate: lr, epsilon: eps, beta1, beta2, weightDecay } = STEP
      const after = adamwStep({ p: values, m, v }, gradients, {
        step,
        lr,
        beta1,
        beta2,
        eps,
        weightDecay,
        clipFactor,
        skip,
      })
      return { outputs: { values: after.p, m: after.m, v: after.v } }
    },
    step: {
      ...STEP,
      maxGradNorm,
      biasCorrection1: 1 - STEP.beta1 ** step,
      biasCorrection2: 1 - STEP.beta2 ** step,
    },
    tolerance: Number.isFinite(norm) ? undefined : 0,
  })
}

adamwTest('first step', {})
adamwTest('one vec4', { count: 4 })
adamwTest('step 100 on moments', { step: 100 })
adamwTest('clipped', { step: 7, maxGradNorm: 1, norm: 3 })
adamwTest('norm below the limit', { step: 7, maxGradNorm: 1, norm: 0.5 })
adamwTest('a norm of zero', { step: 7, maxGradNorm: 1, norm: 0 })
adamwTest('NaN norm leaves everything as it is', { step: 7, norm: Number.NaN })
adamwTest('infinite norm leaves everything as it is', {
  step: 7,
  maxGradNorm: 1,
  norm: Number.POSITIVE_INFINITY,
})

const zeros = { shape: [64], data: new Float64Array(64) }

// What a pool holds between its tensors is zero and must stay it.
testOp({
  name: 'AdamW leaves zeros zero',
  inputs: {
    values: zeros,
    gradients: zeros,
    m: zeros,
    v: zeros,
    norm: { shape: [1], data: [1] },
  },
  build(graph, { values, gradients, m, v, norm }) {
    adamw(graph, { values, gradients, m, v, norm })
    return { values, m, v }
  },
  reference: ({ values, m, v }) => ({ outputs: { values, m, v } }),
  step: { ...STEP, biasCorrection1: 0.1, biasCorrection2: 0.001 },
  tolerance: 0,
})
