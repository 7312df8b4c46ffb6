import { describe, expect, it } from 'vitest'
import type { StudioError } from '../util/errors.ts'
import type { DatasetFile } from './dataset-file.ts'
import { detectShape, isBadRow, mappedShape, readRow, UNKNOWN_COLUMNS } from './row-shapes.ts'

const fileOf = (values: unknown[]): DatasetFile => ({
  name: 'd.jsonl',
  format: 'jsonl',
  rows: values.map((value, row) => ({ row, value })),
  badRows: [],
})

function thrownBy(act: () => unknown): StudioError {
  try {
    act()
  } catch (error) {
    return error as StudioError
  }
  throw new Error('nothing was thrown')
}

const user = { role: 'user', content: 'Q' }
const assistant = { role: 'assistant', content: 'A' }

describe('detectShape', () => {
  it.each([
    ['messages', { messages: [user, assistant] }],
    [
      'conversations',
      {
        conversations: [
          { from: 'human', value: 'Q' },
          { from: 'gpt', value: 'A' },
        ],
      },
    ],
    ['instruction/output', { instruction: 'Q', output: 'A', text: 'also here' }],
    ['prompt/completion', { prompt: 'Q', completion: 'A' }],
    ['conversational prompt/completion', { prompt: [user], completion: [assistant] }],
    ['question/answer', { id: 7, question: 'Q', answer: 'A' }],
  ])('reads %s rows as a question and its answer', (_name, value) => {
    const { mapping } = detectShape(fileOf([value]))
    expect(readRow({ row: 0, value }, mapping)).toEqual({ kind: 'chat', messages: [user, assistant] })
  })

  it('joins instruction and input, and takes a system column', () => {
    const rows = [
      { instruction: 'Translate.', input: '', output: 'A' },
      { instruction: 'Translate.', input: 'Hund', output: 'dog', system: 'Be brief.' },
    ]
    const shape = detectShape(fileOf(rows))
    expect(shape.mapping).toEqual({
      shape: 'pair',
      prompt: ['instruction', 'input'],
      answer: 'output',
      system: 'system',
    })
    expect(readRow({ row: 0, value: rows[0] }, shape.mapping)).toEqual({
      kind: 'chat',
      messages: [{ role: 'user', content: 'Translate.' }, assistant],
    })
    expect(readRow({ row: 1, value: rows[1] }, shape.mapping)).toEqual({
      kind: 'chat',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Translate.\n\nHund' },
        { role: 'assistant', content: 'dog' },
      ],
    })
  })

  it('names the columns it does not read, and only columns that are there', () => {
    const shape = detectShape(
      fileOf([
        { id: 1, instruction: 'Q', output: 'A' },
        { instruction: 'Q', output: 'A', source: 'x' },
      ]),
    )
    expect(shape.columns).toEqual(['id', 'instruction', 'output', 'source'])
    expect(shape.unusedColumns).toEqual(['id', 'source'])
    expect(shape.mapping).toEqual({ shape: 'pair', prompt: ['instruction'], answer: 'output' })
  })

  it('tells of columns that it does not know, with what is in them and how to choose', () => {
    const file = fileOf([{ q: null, a: 'A' }, 7, { q: ['Q'.repeat(200)], n: 4 }])
    const error = thrownBy(() => detectShape(file))
    expect(error).toMatchObject({ code: UNKNOWN_COLUMNS, message: expect.stringContaining('q, a, n') })
    expect(error.problems?.[0].fix).toContain('data.mapping')
    expect(error.details).toEqual([
      { name: 'q', sample: `["${'Q'.repeat(77)}…` },
      { name: 'a', sample: 'A' },
      { name: 'n', sample: '4' },
    ])
  })

  it('refuses a chosen column that no row has, by name and with those there are', () => {
    const chosen = { shape: 'pair', prompt: ['q', 'context'], answer: 'a', system: 'rules' } as const
    const mapping = { ...chosen, prompt: [...chosen.prompt] }
    expect(thrownBy(() => mappedShape(fileOf([{ q: 'Q', a: 'A' }]), mapping))).toMatchObject({
      code: UNKNOWN_COLUMNS,
      message:
        'data.mapping names the columns "context", "rules", which no row of d.jsonl has: its columns are q, a',
    })
    const document: DatasetFile = { ...fileOf([{ text: 'x' }]), format: 'document' }
    expect(thrownBy(() => mappedShape(document, mapping)).message).toMatch(/plain text and has no columns/)
  })

  it('goes by most rows; the others are bad rows that say what they have', () => {
    const rows = [{ text: 'x' }, { prompt: 'Q', completion: 'A' }, { prompt: 'Q', completion: 'A' }]
    const { mapping } = detectShape(fileOf(rows))
    expect(readRow({ row: 0, value: rows[0] }, mapping)).toEqual({
      row: 1,
      message: '"prompt" is missing; the row has "text"',
      fix: 'Give the row the columns of the others: prompt, completion.',
    })
  })

  it('says which columns it saw and which shapes it understands', () => {
    expect(() => detectShape(fileOf([{ foo: 1, bar: 2 }]))).toThrow(
      /d\.jsonl are of no known shape: its columns are foo, bar/,
    )
    expect(() => detectShape(fileOf([1, 'x']))).toThrow(/not objects with named columns/)
    try {
      detectShape(fileOf([{ foo: 1 }]))
    } catch (error) {
      expect((error as { hint: string }).hint).toContain('instruction, (input), output')
    }
  })
})

describe('readRow names what is wrong with a row', () => {
  const pair = { shape: 'pair', prompt: ['instruction'], answer: 'output' } as const
  const chat = { shape: 'messages', messages: 'messages' } as const
  const tokens = { shape: 'tokens' } as const
  it.each([
    [{ ...pair, prompt: ['instruction'] }, 'x', /is text, not an object/],
    [{ ...pair, prompt: ['instruction'] }, null, /is null/],
    [{ ...pair, prompt: ['instruction'] }, {}, /has no columns/],
    [{ ...pair, prompt: ['instruction'] }, { instruction: 'Q' }, /"output" is missing/],
    [{ ...pair, prompt: ['instruction'] }, { instruction: 'Q', output: 5 }, /"output" is a number, not text/],
    [{ ...pair, prompt: ['instruction'] }, { instruction: 'Q', output: null }, /"output" is null/],
    [{ ...pair, prompt: ['instruction'] }, { instruction: 'Q', output: ' \n' }, /"output" is empty/],
    [{ ...pair, prompt: ['instruction'] }, { instruction: '', output: 'A' }, /"instruction" is empty/],
    [chat, { messages: 'hi' }, /"messages" is text, not a list/],
    [chat, { messages: [] }, /empty list/],
    [chat, { messages: [user] }, /no assistant message/],
    [chat, { messages: [assistant] }, /begins with the assistant/],
    [chat, { messages: ['hi'] }, /message 1 is text/],
    [chat, { messages: [user, { content: 'A' }] }, /message 2 has no "role"/],
    [chat, { messages: [user, { role: 'robot', content: 'A' }] }, /unknown role "robot"/],
    [
      chat,
      { messages: [user, { role: 'assistant', content: null, tool_calls: [] }] },
      /no text in "content"/,
    ],
    [chat, { messages: [user, { role: 'assistant', content: '' }] }, /message 2 is empty/],
    [tokens, { input_ids: 'abc' }, /"input_ids" is text, not a list/],
    [tokens, { input_ids: [1] }, /has 1 id/],
    [tokens, { input_ids: [1, 2.5] }, /"input_ids"\[1\] is 2.5/],
    [tokens, { input_ids: [1, -2] }, /"input_ids"\[1\] is -2/],
    [tokens, { input_ids: [1, '2'] }, /"input_ids"\[1\] is "2"/],
    [tokens, { input_ids: [1, 2], labels: [1] }, /"labels" has 1 entries, "input_ids" 2/],
    [tokens, { input_ids: [1, 2], labels: [1, -101] }, /"labels"\[1\] is -101/],
    [tokens, { input_ids: [1, 2], position_ids: [0, 1, 2] }, /"position_ids" has 3/],
    [tokens, { input_ids: [1, 2], segment_ids: [0, -1] }, /"segment_ids"\[1\] is -1/],
    [tokens, { labels: [1, 2] }, /"input_ids" is missing/],
  ])('%#', (mapping, value, message) => {
    const result = readRow({ row: 6, value }, mapping)
    expect(isBadRow(result)).toBe(true)
    if (!isBadRow(result)) return
    expect(result.row).toBe(7)
    expect(result.message).toMatch(message)
    expect(result.fix).not.toBe('')
  })
})
