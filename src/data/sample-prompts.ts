import type { Tokenizer } from '../formats/tokenizer.ts'
import type { ChatMessage } from './chat-template.ts'
import { isBadRow, readRow } from './row-shapes.ts'
import type { Sequence } from './sequence.ts'
import type { Dataset } from './tokenize-dataset.ts'

/** Something to ask a model again and again while it learns. */
export interface SamplePrompt {
  /** A conversation up to where the model answers, or the beginning of a text. */
  content: { kind: 'chat'; messages: ChatMessage[] } | { kind: 'text'; text: string }
  /** What a person reads: the last message, or the text. */
  text: string
  /** What the dataset answers; null where it does not say. */
  expected: string | null
  /** 1-based row of its file; null for a prompt that a person wrote. */
  row: number | null
  /** Whether the row is kept aside, so that the model never trains on it. */
  heldOut: boolean
}

/** Tokens of a plain text that make a beginning. */
const BEGINNING = 8

/**
 * The first distinct prompts of a dataset's rows, in the order of `sequences` (each of the dataset): conversations up to
 * the first answer, beginnings of texts. Rows of token ids have none.
 */
export function samplePrompts(
  dataset: Dataset,
  sequences: readonly Sequence[],
  heldOut: boolean,
  tokenizer: Tokenizer | null,
  most: number,
): SamplePrompt[] {
  const { file, mapping } = dataset
  if (!tokenizer || mapping.shape === 'tokens') return []
  const isText = mapping.shape === 'text' || file.format === 'document'
  const byRow = new Map(isText ? [] : file.rows.map((raw) => [raw.row, raw]))
  const found = new Map<string, SamplePrompt>()
  for (const sequence of sequences) {
    for (const row of isText ? sequence.rows.slice(0, 1) : sequence.rows) {
      if (found.size === most) return [...found.values()]
      const raw = byRow.get(row)
      const content = raw && readRow(raw, mapping)
      const prompt = isText
        ? beginning(sequence, tokenizer)
        : content && !isBadRow(content) && content.kind === 'chat'
          ? question(content.messages)
          : null
      if (!prompt) continue
      const key = JSON.stringify(prompt.content)
      if (!found.has(key)) found.set(key, { ...prompt, row: row + 1, heldOut })
    }
  }
  return [...found.values()]
}

/** Prompts first that are held out, then those of other rows, each once. */
export function distinctPrompts(prompts: readonly SamplePrompt[], most: number): SamplePrompt[] {
  const found = new Map<string, SamplePrompt>()
  for (const prompt of prompts) {
    const key = JSON.stringify(prompt.content)
    if (found.size < most && !found.has(key)) found.set(key, prompt)
  }
  return [...found.values()]
}

function question(messages: readonly ChatMessage[]): Omit<SamplePrompt, 'row' | 'heldOut'> | null {
  const answer = messages.findIndex(({ role }) => role === 'assistant')
  if (answer < 1) return null
  return {
    content: { kind: 'chat', messages: messages.slice(0, answer) },
    text: messages[answer - 1].content,
    expected: messages[answer].content,
  }
}

function beginning(
  { inputIds, segmentIds }: Sequence,
  tokenizer: Tokenizer,
): Omit<SamplePrompt, 'row' | 'heldOut'> | null {
  const first = segmentIds ? inputIds.filter((_, t) => segmentIds[t] === segmentIds[0]) : inputIds
  const words = Array.from(first).filter((id) => !tokenizer.specialIds.has(id))
  const text = tokenizer
    .decode(words.slice(0, BEGINNING))
    .replace(/\ufffd+$/, '')
    .trim()
  return text === '' ? null : { content: { kind: 'text', text }, text, expected: null }
}
