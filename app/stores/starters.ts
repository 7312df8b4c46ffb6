import type { DatasetSummary } from '../../src/session/reports.ts'

type Preview = DatasetSummary['preview']

export interface Starter {
  prompt: string
  /** What the data answers; null where a row is plain text. */
  answer: string | null
}

/** Tokens of a plain text that make a beginning. */
const BEGINNING = 6

/** Questions from the rows that the page shows anyway: each row's first prompt, with the answer that is to be learned. */
export function startersOf(preview: Preview): Starter[] {
  const starters = preview.flatMap(({ tokens }): Starter[] => {
    const words = tokens.filter(({ special }) => !special)
    const first = words.findIndex(({ trained }) => trained)
    if (first === 0) return [{ prompt: textOf(words.slice(0, BEGINNING)), answer: null }]
    if (first < 0) return []
    const rest = words.slice(first)
    const end = rest.findIndex(({ trained }) => !trained)
    return [{ prompt: textOf(words.slice(0, first)), answer: textOf(end < 0 ? rest : rest.slice(0, end)) }]
  })
  return starters.filter(({ prompt }, index) => {
    return prompt !== '' && starters.findIndex((other) => other.prompt === prompt) === index
  })
}

/** What the data answers to this very question, if it is among the rows shown. */
export const expectedAnswer = (preview: Preview, prompt: string): string | null =>
  startersOf(preview).find((starter) => starter.prompt === prompt.trim())?.answer ?? null

const textOf = (tokens: readonly { text: string }[]): string =>
  tokens
    .map(({ text }) => text)
    .join('')
    .trim()
