import type { ColumnChoice } from '../../../src/config/schema.ts'

/** Changes of a column choice, as they are made in its sentence. No column ever has two roles: they change places. */

type Pair = Extract<ColumnChoice, { shape: 'pair' }>

/** Names by which people call what is answered. */
const ANSWER_NAME =
  /^(a|ans|answers?|response|reply|output|completion|target|label|solution|summary|chosen)$/i
/** Names by which people call what asks. */
const PROMPT_NAME = /^(q|questions?|prompt|instruction|input|query|ask|user|source)$/i
/** Names of columns that only count the rows. */
const NUMBER_NAME = /^_?(id|idx|index|uuid|row)$/i
const SYSTEM_NAME = /^(system|system_prompt)$/i

/** What the columns of an unknown file most likely are; one column is a text. */
export function likelyChoice(columns: readonly string[]): ColumnChoice {
  const [first] = columns
  if (columns.length < 2) return { shape: 'text', text: first }
  const system = columns.find((column) => SYSTEM_NAME.test(column))
  const others = columns.filter((column) => column !== system)
  const words = others.filter((column) => !NUMBER_NAME.test(column))
  const isPrompt = (column: string) => PROMPT_NAME.test(column)
  const answer =
    words.find((column) => ANSWER_NAME.test(column)) ??
    words.filter((column) => !isPrompt(column)).at(words.some(isPrompt) ? 0 : 1) ??
    others.at(-1) ??
    first
  const rest = [...words.filter(isPrompt), ...words, ...columns].filter((column) => column !== answer)
  const [prompt] = rest
  return {
    shape: 'pair',
    prompt: [prompt],
    answer,
    ...(system !== undefined && system !== prompt && { system }),
  }
}

/** The columns as rows of another shape. */
export function asShape(
  choice: ColumnChoice,
  shape: ColumnChoice['shape'],
  columns: readonly string[],
): ColumnChoice {
  if (choice.shape === shape) return choice
  const column = mainColumn(choice)
  switch (shape) {
    case 'pair': {
      const likely = likelyChoice(columns)
      if (likely.shape === 'pair') return likely
      return { shape, prompt: [column], answer: column }
    }
    case 'text':
      return { shape, text: column }
    case 'messages':
      return { shape, messages: column }
    case 'conversations':
      return { shape, conversations: column }
  }
}

function mainColumn(choice: ColumnChoice): string {
  switch (choice.shape) {
    case 'pair':
      return choice.answer
    case 'text':
      return choice.text
    case 'messages':
      return choice.messages
    case 'conversations':
      return choice.conversations
  }
}

/** Another column at a place of the prompt; null takes that part away, at the end it adds one. */
export function withPromptColumn(pair: Pair, place: number, column: string | null): Pair {
  if (column === null) return { ...pair, prompt: pair.prompt.filter((_, index) => index !== place) }
  return swapped(pair, pair.prompt[place], column, (taken) => ({
    ...taken,
    prompt:
      place < taken.prompt.length
        ? taken.prompt.map((one, index) => (index === place ? column : one))
        : [...taken.prompt, column],
  }))
}

export const withAnswerColumn = (pair: Pair, column: string): Pair =>
  swapped(pair, pair.answer, column, (taken) => ({ ...taken, answer: column }))

export function withSystemColumn({ system, ...pair }: Pair, column: string | null): Pair {
  if (column === null) return pair
  return swapped({ ...pair, ...(system !== undefined && { system }) }, system, column, (taken) => ({
    ...taken,
    system: column,
  }))
}

/** Whoever has `column` now gets `former` for it; where there is none, a prompt of several columns gives it up. */
function swapped(pair: Pair, former: string | undefined, column: string, take: (pair: Pair) => Pair): Pair {
  if (former === column) return pair
  const exchange = (one: string) => (one === column && former !== undefined ? former : one)
  const { system, ...rest } = pair
  const prompt =
    former === undefined && pair.prompt.length > 1
      ? pair.prompt.filter((one) => one !== column)
      : pair.prompt.map(exchange)
  const kept =
    system === undefined || (system === column && former === undefined) ? undefined : exchange(system)
  return take({
    ...rest,
    prompt,
    answer: exchange(pair.answer),
    ...(kept !== undefined && { system: kept }),
  })
}

/** Columns that may take a place that is empty so far: those without a role, and those that a longer prompt can give up. */
export function freeColumns(pair: Pair, columns: readonly string[]): string[] {
  const used = new Set([...pair.prompt, pair.answer, pair.system])
  return columns.filter((column) => !used.has(column))
}
