import type { ColumnChoice } from '../config/schema.ts'
import { isJsonObject } from '../formats/json.ts'
import { StudioError } from '../util/errors.ts'
import type { ChatMessage } from './chat-template.ts'
import type { BadRow, DatasetFile, RawRow } from './dataset-file.ts'

/**
 * Which columns play which role: detected, shown to the person as an editable sentence ("Prompt is instruction + input,
 * answer is output") and handed back as it is when they change it.
 */
export type ColumnMapping = ColumnChoice | { shape: 'tokens' }

/** What a row says once its columns are mapped. Token rows have all lists of one length. */
export type RowContent =
  | { kind: 'chat'; messages: ChatMessage[] }
  | { kind: 'text'; text: string }
  | { kind: 'tokens'; inputIds: number[]; labels?: number[]; positionIds?: number[]; segmentIds?: number[] }

export const IGNORE_INDEX = -100

/** The shapes that are recognised by their columns, in order of precedence (Alpaca files also carry a `text` column). */
export const KNOWN_SHAPES: readonly {
  columns: string
  matches(columns: Set<string>): ColumnMapping | undefined
}[] = [
  {
    columns: 'input_ids (labels, position_ids, segment_ids)',
    matches: (c) => (c.has('input_ids') ? { shape: 'tokens' } : undefined),
  },
  {
    columns: 'messages',
    matches: (c) => (c.has('messages') ? { shape: 'messages', messages: 'messages' } : undefined),
  },
  {
    columns: 'conversations',
    matches: (c) =>
      c.has('conversations') ? { shape: 'conversations', conversations: 'conversations' } : undefined,
  },
  { columns: 'instruction, (input), output', matches: (c) => pair(c, 'instruction', 'output', 'input') },
  { columns: 'prompt, completion', matches: (c) => pair(c, 'prompt', 'completion') },
  { columns: 'question, answer', matches: (c) => pair(c, 'question', 'answer') },
  { columns: 'text', matches: (c) => (c.has('text') ? { shape: 'text', text: 'text' } : undefined) },
]

function pair(
  columns: Set<string>,
  prompt: string,
  answer: string,
  extra?: string,
): ColumnMapping | undefined {
  if (!columns.has(prompt) || !columns.has(answer)) return undefined
  return { shape: 'pair', prompt: extra ? [prompt, extra] : [prompt], answer, system: 'system' }
}

export interface DetectedShape {
  mapping: ColumnMapping
  /** All columns of the file, in order of appearance. */
  columns: string[]
  /** Columns that the mapping does not read. */
  unusedColumns: string[]
}

/** A column of a dataset with the beginning of the first value in it. */
export interface SeenColumn {
  name: string
  sample: string
}

/** The code of the error that tells which columns there are (`details`), so that they can be chosen from. */
export const UNKNOWN_COLUMNS = 'input/dataset-columns'

/**
 * The shape that most rows have; other rows become bad rows when they are read by it. Throws UNKNOWN_COLUMNS with the
 * columns seen and the shapes understood when no row is recognised.
 */
export function detectShape(file: DatasetFile): DetectedShape {
  const columns = new Set(columnsSeen(file))
  const votes = new Map<string, { count: number; mapping: ColumnMapping }>()
  for (const { value } of file.rows) {
    if (!isJsonObject(value)) continue
    const own = new Set(Object.keys(value))
    const mapping = KNOWN_SHAPES.map((shape) => shape.matches(own)).find((found) => found !== undefined)
    if (!mapping) continue
    const key = shapeKey(mapping)
    const vote = votes.get(key)
    if (vote) vote.count++
    else votes.set(key, { count: 1, mapping })
  }
  const winner = [...votes.values()].sort((a, b) => b.count - a.count)[0]
  if (!winner) {
    const seen =
      columns.size > 0
        ? `its columns are ${[...columns].slice(0, 20).join(', ')}`
        : 'its rows are not objects with named columns'
    const shapes = KNOWN_SHAPES.map((shape) => shape.columns).join(' · ')
    throw unknownColumns(
      file,
      `The rows of ${file.name} are of no known shape: ${seen}`,
      columns.size > 0
        ? `Say with data.mapping which columns are prompt and answer, or name them one of: ${shapes}.`
        : `Write every row as a JSON object with the columns of one of: ${shapes}.`,
    )
  }
  const mapping = withPresentColumns(winner.mapping, columns)
  return mappedShape(file, mapping)
}

/** The shape that a person chose. Throws UNKNOWN_COLUMNS when it names a column that no row has. */
export function mappedShape(file: DatasetFile, mapping: ColumnMapping): DetectedShape {
  const columns = [...columnsSeen(file)]
  const named = columnsOf(mapping)
  const absent = mapping.shape === 'tokens' ? [] : named.filter((column) => !columns.includes(column))
  if (absent.length > 0) {
    const what = `${absent.length === 1 ? 'the column' : 'the columns'} ${absent.map((name) => `"${name}"`).join(', ')}`
    throw file.format === 'document'
      ? unknownColumns(
          file,
          `data.mapping names ${what}, but ${file.name} is plain text and has no columns`,
          'Leave data.mapping out, or set it to null.',
        )
      : unknownColumns(
          file,
          `data.mapping names ${what}, which no row of ${file.name} has: its columns are ${columns.slice(0, 20).join(', ') || 'none'}`,
          'Name columns of this file, or leave data.mapping out so that they are recognised by their names.',
        )
  }
  const used = new Set(named)
  return { mapping, columns, unusedColumns: columns.filter((column) => !used.has(column)) }
}

function unknownColumns(file: DatasetFile, message: string, fix: string): StudioError {
  const details: SeenColumn[] = columnsSeen(file).map((name) => ({ name, sample: firstValue(file, name) }))
  return new StudioError(UNKNOWN_COLUMNS, message, { hint: fix, problems: [{ message, fix }], details })
}

const SAMPLE_CHARACTERS = 80

function firstValue({ rows }: DatasetFile, column: string): string {
  for (const { value } of rows) {
    const found = isJsonObject(value) ? value[column] : undefined
    if (found === undefined || found === null || found === '') continue
    const text = typeof found === 'string' ? found : JSON.stringify(found)
    return text.length > SAMPLE_CHARACTERS ? `${text.slice(0, SAMPLE_CHARACTERS - 1)}…` : text
  }
  return ''
}

/** In order of appearance. */
function columnsSeen(file: DatasetFile): string[] {
  const columns = new Set<string>()
  for (const { value } of file.rows) if (isJsonObject(value)) for (const column in value) columns.add(column)
  return [...columns]
}

/** `input` and `system` are optional row by row; a file that has them nowhere is not said to be read by them. */
function withPresentColumns(mapping: ColumnMapping, columns: ReadonlySet<string>): ColumnMapping {
  if (mapping.shape !== 'pair') return mapping
  const { system, ...rest } = mapping
  const present = { ...rest, prompt: mapping.prompt.filter((column) => columns.has(column)) }
  return system && columns.has(system) ? { ...present, system } : present
}

const shapeKey = (mapping: ColumnMapping) =>
  mapping.shape === 'pair' ? `pair ${mapping.prompt[0]}` : mapping.shape

export function columnsOf(mapping: ColumnMapping): string[] {
  switch (mapping.shape) {
    case 'tokens':
      return ['input_ids', 'labels', 'position_ids', 'segment_ids']
    case 'messages':
      return [mapping.messages]
    case 'conversations':
      return [mapping.conversations]
    case 'pair':
      return [...mapping.prompt, mapping.answer, ...(mapping.system ? [mapping.system] : [])]
    case 'text':
      return [mapping.text]
  }
}

/** Reads one row by the mapping. */
export function readRow({ row, value }: RawRow, mapping: ColumnMapping): RowContent | BadRow {
  const bad = (problem: { cause: string; fix: string }): BadRow => ({
    row: row + 1,
    message: problem.cause,
    fix: problem.fix,
  })
  if (!isJsonObject(value)) {
    return bad({
      cause: `is ${kindOf(value)}, not an object with named columns`,
      fix: 'Write the row as a JSON object.',
    })
  }
  try {
    switch (mapping.shape) {
      case 'tokens':
        return readTokens(value)
      case 'messages':
        return {
          kind: 'chat',
          messages: checkConversation(
            readMessages(listColumn(value, mapping.messages, mapping), mapping.messages, 'role', 'content'),
          ),
        }
      case 'conversations':
        return {
          kind: 'chat',
          messages: checkConversation(
            readMessages(
              listColumn(value, mapping.conversations, mapping),
              mapping.conversations,
              'from',
              'value',
            ),
          ),
        }
      case 'pair':
        return { kind: 'chat', messages: checkConversation(readPair(value, mapping)) }
      case 'text':
        return { kind: 'text', text: textColumn(value, mapping.text, mapping) }
    }
  } catch (error) {
    if (error instanceof RowFault) return bad(error)
    throw error
  }
}

export const isBadRow = (content: RowContent | BadRow): content is BadRow => 'message' in content

class RowFault extends Error {
  readonly cause: string
  readonly fix: string
  constructor(problem: { cause: string; fix: string }) {
    super(problem.cause)
    this.cause = problem.cause
    this.fix = problem.fix
  }
}

const fault = (cause: string, fix: string) => new RowFault({ cause, fix })

type Row = Record<string, unknown>

function missing(row: Row, column: string, mapping: ColumnMapping): RowFault {
  const columns = Object.keys(row)
  return fault(
    columns.length === 0
      ? 'has no columns'
      : `"${column}" is missing; the row has ${columns
          .slice(0, 10)
          .map((name) => `"${name}"`)
          .join(', ')}`,
    `Give the row the columns of the others: ${columnsOf(mapping).join(', ')}.`,
  )
}

function textColumn(row: Row, column: string, mapping: ColumnMapping): string {
  const value = row[column]
  if (value === undefined) throw missing(row, column, mapping)
  if (typeof value !== 'string')
    throw fault(`"${column}" is ${kindOf(value)}, not text`, 'Write the value as text in quotes.')
  if (value.trim() === '') throw fault(`"${column}" is empty`, 'Fill it in, or remove the row.')
  return value
}

function listColumn(row: Row, column: string, mapping: ColumnMapping): unknown[] {
  const value = row[column]
  if (value === undefined) throw missing(row, column, mapping)
  if (!Array.isArray(value))
    throw fault(`"${column}" is ${kindOf(value)}, not a list of messages`, 'Write a list in square brackets.')
  if (value.length === 0)
    throw fault(`"${column}" is an empty list`, 'Add a user and an assistant message, or remove the row.')
  return value
}

function readPair(row: Row, mapping: Extract<ColumnMapping, { shape: 'pair' }>): ChatMessage[] {
  const [first, ...rest] = mapping.prompt
  const messages: ChatMessage[] = []
  if (
    mapping.system &&
    row[mapping.system] !== undefined &&
    row[mapping.system] !== null &&
    row[mapping.system] !== ''
  ) {
    messages.push({ role: 'system', content: textColumn(row, mapping.system, mapping) })
  }
  // Conversational prompt / completion rows hold lists of messages.
  if (Array.isArray(row[first])) {
    messages.push(...readMessages(row[first], first, 'role', 'content'))
  } else {
    const parts = [textColumn(row, first, mapping)]
    for (const column of rest) {
      if (row[column] !== undefined && row[column] !== null && row[column] !== '')
        parts.push(textColumn(row, column, mapping))
    }
    messages.push({ role: 'user', content: parts.join('\n\n') })
  }
  if (Array.isArray(row[mapping.answer])) {
    messages.push(...readMessages(row[mapping.answer] as unknown[], mapping.answer, 'role', 'content'))
  } else {
    messages.push({ role: 'assistant', content: textColumn(row, mapping.answer, mapping) })
  }
  return messages
}

const ROLES: Readonly<Record<string, string>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  model: 'assistant',
  bot: 'assistant',
  tool: 'tool',
}

function readMessages(list: unknown[], column: string, roleKey: string, contentKey: string): ChatMessage[] {
  return list.map((item, i) => {
    const where = `"${column}" message ${i + 1}`
    if (!isJsonObject(item))
      throw fault(
        `${where} is ${kindOf(item)}, not an object`,
        `Write {"${roleKey}": …, "${contentKey}": …}.`,
      )
    const role = item[roleKey]
    if (typeof role !== 'string')
      throw fault(`${where} has no "${roleKey}"`, `Write {"${roleKey}": …, "${contentKey}": …}.`)
    const known = ROLES[role.toLowerCase()]
    if (!known)
      throw fault(
        `${where} has the unknown ${roleKey} "${role}"`,
        'Use system, user or assistant (human and gpt are understood too).',
      )
    const content = messageText(item[contentKey])
    if (content === undefined)
      throw fault(
        `${where} has no text in "${contentKey}"`,
        'Messages need text; tool calls and pictures are not trained on.',
      )
    if (content.trim() === '' && known !== 'system')
      throw fault(`${where} is empty`, 'Fill it in, or remove the row.')
    return { role: known, content }
  })
}

/** Content is text, or a list of parts of which each is text. */
function messageText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value) || value.length === 0) return undefined
  const parts = value.map((part) =>
    isJsonObject(part) && part.type === 'text' && typeof part.text === 'string' ? part.text : undefined,
  )
  return parts.every((part) => part !== undefined) ? parts.join('') : undefined
}

function checkConversation(messages: ChatMessage[]): ChatMessage[] {
  const firstAnswer = messages.findIndex((message) => message.role === 'assistant')
  if (firstAnswer < 0)
    throw fault(
      'has no assistant message, so there is nothing to learn',
      'Add an assistant message, or remove the row.',
    )
  if (!messages.slice(0, firstAnswer).some((message) => message.role === 'user')) {
    throw fault(
      'begins with the assistant: no user message stands before its first answer',
      'Put a user message first, or remove the row.',
    )
  }
  return messages
}

function readTokens(row: Row): RowContent {
  const inputIds = integerList(row, 'input_ids', 0)
  if (!inputIds) throw missing(row, 'input_ids', { shape: 'tokens' })
  if (inputIds.length < 2) {
    throw fault(
      `"input_ids" has ${inputIds.length} ${inputIds.length === 1 ? 'id' : 'ids'}`,
      'A row needs at least two tokens: one to see and one to predict.',
    )
  }
  const others = {
    labels: integerList(row, 'labels', IGNORE_INDEX),
    positionIds: integerList(row, 'position_ids', 0),
    segmentIds: integerList(row, 'segment_ids', 0),
  }
  for (const [name, list] of [
    ['labels', others.labels],
    ['position_ids', others.positionIds],
    ['segment_ids', others.segmentIds],
  ] as const) {
    if (list && list.length !== inputIds.length) {
      throw fault(
        `"${name}" has ${list.length} entries, "input_ids" ${inputIds.length}`,
        'All lists of a row must be of one length.',
      )
    }
  }
  return { kind: 'tokens', inputIds, ...others }
}

function integerList(row: Row, column: string, least: number): number[] | undefined {
  const value = row[column]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value))
    throw fault(`"${column}" is ${kindOf(value)}, not a list`, 'Write a list of whole numbers.')
  for (let i = 0; i < value.length; i++) {
    const entry = value[i]
    if (!Number.isInteger(entry) || entry < least || entry > 0x7fffffff) {
      throw fault(
        `"${column}"[${i}] is ${JSON.stringify(entry) ?? kindOf(entry)}, not a whole number of at least ${least}`,
        'Write a list of whole numbers.',
      )
    }
  }
  return value
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') return 'text'
  return typeof value === 'number' ? 'a number' : 'true or false'
}
