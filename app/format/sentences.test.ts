import { expect, test } from 'vitest'
import { asAdvice, asSentence } from './sentences.ts'

test('messages of the engine become sentences; those that are stay', () => {
  expect(asSentence('a.jsonl has no row')).toBe('a.jsonl has no row.')
  expect(asSentence('Pause the run, or wait for it.')).toBe('Pause the run, or wait for it.')
  expect(asAdvice('download it again')).toBe('Download it again.')
  expect(asAdvice('Use "qlora".')).toBe('Use "qlora".')
})
