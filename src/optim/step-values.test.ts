import { expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import { stepValues } from './step-values.ts'

it('corrects the bias of moments that decay by the f32 betas of the kernel', () => {
  const { optimizer } = parseRunConfig({})
  const at = (step: number) => stepValues(optimizer, { step, totalSteps: 10, supervisedTokens: 4, seed: 7 })
  // What a constant gradient of 1 makes of the moments after two steps.
  const [beta1, beta2] = [Math.fround(optimizer.beta1), Math.fround(optimizer.beta2)]
  expect(at(2).biasCorrection1).toBeCloseTo((1 - beta1) * (1 + beta1), 12)
  expect(at(2).biasCorrection2).toBeCloseTo((1 - beta2) * (1 + beta2), 12)
  expect(at(2).inverseCount).toBe(0.25)
})
