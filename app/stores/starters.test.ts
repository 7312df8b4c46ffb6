import { expect, test } from 'vitest'
import { expectedAnswer, startersOf } from './starters.ts'

const token = (text: string, trained: boolean, special = false) => ({
  id: 0,
  text,
  trained,
  special,
  endOfTurn: false,
})
const row = (...tokens: ReturnType<typeof token>[]) => ({ row: 1, fullLength: tokens.length, tokens })
const question = row(
  token('<|user|>', false, true),
  token('What', false),
  token(' is it?', false),
  token('<|end|>', false, true),
  token('<|assistant|>', false, true),
  token('It', true),
  token(' is.', true),
  token('<|end|>', true, true),
  token('And?', false),
  token('No.', true),
)

test('a question is what is only read at the beginning, its answer what is learned then', () => {
  expect(startersOf([question, question])).toEqual([{ prompt: 'What is it?', answer: 'It is.' }])
  expect(expectedAnswer([question], ' What is it?\n')).toBe('It is.')
  expect(expectedAnswer([question], 'What?')).toBeNull()
})

test('a plain text gives its beginning', () => {
  const words = 'one two three four five six seven'
    .split(' ')
    .map((word, n) => token(n ? ` ${word}` : word, true))
  expect(startersOf([row(token('<s>', true, true), ...words)])).toEqual([
    { prompt: 'one two three four five six', answer: null },
  ])
})

test('rows of token numbers without a text give none', () => {
  expect(startersOf([row(token('', false), token('', true))])).toEqual([])
})
