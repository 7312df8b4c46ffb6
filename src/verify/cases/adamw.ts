import { adamw } from '../../ops/adamw.ts'
import { adamwStep } from '../../reference/adamw.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../op-case.ts'

const f = Math.fround
export const ADAMW_STEP = {
  learningRate: f(1e-3),
  beta1: f(0.9),
  beta2: f(0.999),
  epsilon: f(1e-8),
  weightDecay: f(0.1),
}

interface Options {
  step?: number
  maxGradNorm?: number
  norm?: number
  count?: number
}

/** One update. The betas that the reference sees are those of the uniform, rounded to f32. */
export function adamwCase(
  name: string,
  { step = 1, maxGradNorm = 0, norm = 3, count = 260 }: Options,
): OpCase {
  const fresh = step === 1
  return {
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
      const { learningRate: lr, epsilon: eps, beta1, beta2, weightDecay } = ADAMW_STEP
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
      ...ADAMW_STEP,
      maxGradNorm,
      biasCorrection1: 1 - ADAMW_STEP.beta1 ** step,
      biasCorrection2: 1 - ADAMW_STEP.beta2 ** step,
    },
    tolerance: Number.isFinite(norm) ? undefined : 0,
  }
}
