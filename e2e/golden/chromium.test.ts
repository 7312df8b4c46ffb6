import { describe, test } from 'vitest'
import { GOLDEN_CASES } from './support/cases.ts'
import { checkGoldenCase } from './support/check-case.ts'

/** The runtimes share every kernel and all of the engine; the full lane runs all cases on both. */
const daily = ['tiny-llama/qlora', 'tiny-llama-packed/qlora', 'tiny-llama-tied/full']
const cases = process.env.NIBBLE_FULL === '1' ? GOLDEN_CASES : daily

describe('cli finetune and cli logits in Chromium agree with the float64 oracle', () => {
  test.each(cases)('%s', (name) => checkGoldenCase(name, 'chromium'))
})
