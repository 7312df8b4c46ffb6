import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../../../src/config/parse.ts'
import {
  asShape,
  freeColumns,
  likelyChoice,
  withAnswerColumn,
  withPromptColumn,
  withSystemColumn,
} from './column-choice.ts'

describe('likelyChoice', () => {
  it.each([
    [['q', 'a'], { shape: 'pair', prompt: ['q'], answer: 'a' }],
    [['id', 'response', 'ask'], { shape: 'pair', prompt: ['ask'], answer: 'response' }],
    [['id', 'meaning', 'q'], { shape: 'pair', prompt: ['q'], answer: 'meaning' }],
    [['id', 'word'], { shape: 'pair', prompt: ['id'], answer: 'word' }],
    [
      ['system', 'Frage', 'Antwort'],
      { shape: 'pair', prompt: ['Frage'], answer: 'Antwort', system: 'system' },
    ],
    [['body'], { shape: 'text', text: 'body' }],
    [['system', 'x'], { shape: 'pair', prompt: ['system'], answer: 'x' }],
  ])('%j', (columns, expected) => {
    expect(likelyChoice(columns)).toEqual(expected)
  })
})

const pair = { shape: 'pair', prompt: ['q', 'context'], answer: 'a', system: 'rules' } as const
const choice = { ...pair, prompt: [...pair.prompt] }

it('columns change places', () => {
  expect(withAnswerColumn(choice, 'q')).toEqual({ ...choice, prompt: ['a', 'context'], answer: 'q' })
  expect(withPromptColumn(choice, 1, 'rules')).toEqual({
    ...choice,
    prompt: ['q', 'rules'],
    system: 'context',
  })
  expect(withSystemColumn(choice, null)).toEqual({ shape: 'pair', prompt: ['q', 'context'], answer: 'a' })
  expect(withPromptColumn(choice, 0, null)).toEqual({ ...choice, prompt: ['context'] })
  expect(withPromptColumn(choice, 2, 'more')).toEqual({ ...choice, prompt: ['q', 'context', 'more'] })
})

it('whatever is chosen in whatever order is a mapping that a run accepts', () => {
  const columns = ['a', 'b', 'c', 'd']
  const column = fc.constantFrom(...columns)
  const act = fc.record({
    act: fc.constantFrom('prompt', 'more', 'less', 'answer', 'system', 'none'),
    column,
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
      let mapping = likelyChoice(columns)
      for (const { act, column } of acts) {
        if (mapping.shape !== 'pair') throw new Error('of two columns and more')
        const free = freeColumns(mapping, columns)
        if (act === 'prompt') mapping = withPromptColumn(mapping, 0, column)
        else if (act === 'more' && free.length > 0)
          mapping = withPromptColumn(mapping, mapping.prompt.length, free[0])
        else if (act === 'less' && mapping.prompt.length > 1) mapping = withPromptColumn(mapping, 1, null)
        else if (act === 'answer') mapping = withAnswerColumn(mapping, column)
        else if (act === 'system' && (mapping.system !== undefined || free.includes(column)))
          mapping = withSystemColumn(mapping, column)
        else if (act === 'none') mapping = withSystemColumn(mapping, null)
        expect(parseRunConfig({ data: { mapping } }).data.mapping).toEqual(mapping)
      }
      for (const shape of ['text', 'messages', 'conversations', 'pair'] as const)
        expect(
          parseRunConfig({ data: { mapping: asShape(mapping, shape, columns) } }).data.mapping?.shape,
        ).toBe(shape)
    }),
  )
})
