import type { OptimizerConfig } from '../config/schema.ts'
import type { GenerationParam, StepParams } from '../graph/kernel.ts'
import { learningRateAt } from './schedule.ts'

/** What AdamW and the loss need to know of step t (1-based), with `supervisedTokens` over all its micro-batches. */
export function stepValues(
  config: OptimizerConfig,
  {
    step,
    totalSteps,
    supervisedTokens,
    seed,
  }: { step: number; totalSteps: number; supervisedTokens: number; seed: number },
): Omit<StepParams, GenerationParam> {
  return {
    learningRate: learningRateAt(config, step, totalSteps),
    beta1: config.beta1,
    beta2: config.beta2,
    epsilon: config.eps,
    weightDecay: config.weightDecay,
    maxGradNorm: config.maxGradNorm,
    // The kernel's moments decay by the f32 betas: the corrections must too.
    biasCorrection1: 1 - Math.fround(config.beta1) ** step,
    biasCorrection2: 1 - Math.fround(config.beta2) ** step,
    inverseCount: 1 / Math.max(supervisedTokens, 1),
    seed,
    step,
    microStep: 0,
  }
}
