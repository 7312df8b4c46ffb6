import { describe, expect, it } from 'vitest'
import type { Tokenizer } from '../formats/tokenizer.ts'
import { memorySource } from '../util/byte-source.ts'
import { distinctPrompts, samplePrompts } from './sample-prompts.ts'
import type { Sequence } from './sequence.ts'
import { openDataset } from './tokenize-dataset.ts'

/** One token a character; id 0 begins documents. */
const tokenizer = {
  specialIds: new Set([0]),
  decode: (ids: Iterable<number>) => String.fromCharCode(...ids),
} as unknown as Tokenizer

const sequence = (rows: number[], text = 'x'): Sequence => {
  const ids = [0, ...Array.from(text, (letter) => letter.charCodeAt(0))]
  return { rows, inputIds: Uint32Array.from(ids), labels: Int32Array.from(ids) }
}
const dataset = (rows: unknown[]) =>
  openDataset(
    memorySource('rows.jsonl', new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\n'))),
  )

describe('samplePrompts', () => {
  it('asks what stands before the first answer, each question once', async () => {
    const turns = (...contents: string[]) => ({
      messages: contents.map((content, n) => ({ role: n % 2 ? 'assistant' : 'user', content })),
    })
    const rows = await dataset([turns('a', 'A', 'more', 'MORE'), turns('b', 'B'), turns('a', 'A')])
    const found = samplePrompts(
      rows,
      [[0, 1], [2]].map((packed) => sequence(packed)),
      true,
      tokenizer,
      9,
    )
    expect(found).toEqual([
      {
        content: { kind: 'chat', messages: [{ role: 'user', content: 'a' }] },
        text: 'a',
        expected: 'A',
        row: 1,
        heldOut: true,
      },
      expect.objectContaining({ text: 'b', expected: 'B', row: 2 }),
    ])
    expect(samplePrompts(rows, [sequence([0, 1])], false, tokenizer, 1)).toHaveLength(1)
  })

  it('begins texts with their first tokens; rows of ids have no prompt', async () => {
    const texts = await dataset([{ text: 'once upon a time' }])
    expect(samplePrompts(texts, [sequence([0], 'once upon a time')], false, tokenizer, 3)).toMatchObject([
      { content: { kind: 'text', text: 'once upo' }, expected: null, row: 1 },
    ])
    const ids = await dataset([{ input_ids: [1, 2] }])
    expect(samplePrompts(ids, [sequence([0])], false, tokenizer, 3)).toEqual([])
    expect(samplePrompts(texts, [sequence([0])], false, null, 3)).toEqual([])
  })

  it('keeps the first of equal prompts', () => {
    const prompt = (text: string, heldOut: boolean) => ({
      content: { kind: 'text' as const, text },
      text,
      expected: null,
      row: 1,
      heldOut,
    })
    const found = distinctPrompts([prompt('a', true), prompt('a', false), prompt('b', false)], 2)
    expect(found.map(({ text, heldOut }) => [text, heldOut])).toEqual([
      ['a', true],
      ['b', false],
    ])
  })
})
