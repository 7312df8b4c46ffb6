import { describe, test } from 'vitest'
import { GOLDEN_CASES } from './support/cases.ts'
import { checkGoldenCase } from './support/check-case.ts'

describe('cli finetune and cli logits on Dawn agree with the float64 oracle', () => {
  test.each(GOLDEN_CASES)('%s', (name) => checkGoldenCase(name, 'dawn'))
})
