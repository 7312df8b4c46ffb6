import type { Tokenizer } from '../formats/tokenizer.ts'
import type { ByteSource } from '../util/byte-source.ts'
import { inputError, type StudioError } from '../util/errors.ts'
import type { ChatTemplate } from './chat-template.ts'
import { type BadRow, type DatasetFile, type RawRow, readDatasetFile } from './dataset-file.ts'
import {
  chatExamples,
  type Example,
  type ExampleOptions,
  textExamples,
  textIdExamples,
  tokenExample,
} from './example.ts'
import { type LongWork, paceOf } from './pace.ts'
import {
  type ColumnMapping,
  type DetectedShape,
  detectShape,
  IGNORE_INDEX,
  isBadRow,
  mappedShape,
  type RowContent,
  readRow,
} from './row-shapes.ts'
import { countSupervised } from './sequence.ts'
import { type WrittenConversation, writtenAnswers } from './written-answers.ts'

/** A file that has been read and whose shape is known; nothing is tokenized yet. */
export interface Dataset extends DetectedShape {
  file: DatasetFile
}

/** Throws `input/dataset` when the file is no dataset, UNKNOWN_COLUMNS when its rows are of no known shape. */
export async function openDataset(source: ByteSource, work: LongWork = {}): Promise<Dataset> {
  return shapedDataset(await readDatasetFile(source, work), null)
}

/** A file read by the columns that a person chose, or else by those that are recognised. Throws UNKNOWN_COLUMNS. */
export function shapedDataset(file: DatasetFile, mapping: ColumnMapping | null): Dataset {
  return { file, ...(mapping ? mappedShape(file, mapping) : detectShape(file)) }
}

export interface TokenizeOptions extends ExampleOptions, LongWork {
  /** Needed for all shapes but token rows. */
  tokenizer?: Tokenizer
  /** Asked for when there are conversations to write. */
  chatTemplate?: () => Promise<ChatTemplate>
  /** Rows of the model's embedding: every id must be below it. */
  vocabSize: number
  /** Default true: a row with nothing to learn is a bad row. `logits` needs no labels and says false. */
  requireSupervised?: boolean
  /** Leaves out rows that say the same as an earlier one. Default false. */
  dropDuplicates?: boolean
}

export interface TokenizedDataset {
  /** In file order. */
  examples: Example[]
  /** In file order, those of the file's syntax included. */
  badRows: BadRow[]
  /** Rows of the file, good and bad (blocks, for a plain text document). */
  rowCount: number
  /** Rows that say exactly what an earlier one says (1-based, as in badRows); not among the examples if dropped. */
  duplicates: { row: number; of: number }[]
  /** Tokens of the rows of which the cut at maxSeqLength leaves nothing to learn; they are bad rows. */
  lostLengths: number[]
  /** Examples cut to maxSeqLength. */
  truncatedCount: number
  supervisedTokens: number
  totalTokens: number
  /** Token rows keep their own batches: they are neither packed nor cut. */
  isTokenRows: boolean
}

/**
 * Turns every row into examples. Rows that cannot be trained on are listed, never dropped silently: the caller refuses
 * them (`refuseBadRows`) or skips them. Throws `input/dataset` when no row is left, `input/tokenizer` when the tokenizer
 * is missing or gives ids that the model has no embedding for.
 */
export async function tokenizeDataset(dataset: Dataset, options: TokenizeOptions): Promise<TokenizedDataset> {
  const { file, mapping } = dataset
  const result: TokenizedDataset = {
    examples: [],
    badRows: [...file.badRows],
    rowCount: file.rows.length + file.badRows.length,
    duplicates: [],
    lostLengths: [],
    truncatedCount: 0,
    supervisedTokens: 0,
    totalTokens: 0,
    isTokenRows: mapping.shape === 'tokens',
  }
  const { tokenizer } = options
  if (!tokenizer && !result.isTokenRows) {
    throw inputError('tokenizer', [
      {
        message: `${file.name} holds text, but the model folder has no tokenizer.json`,
        fix: 'Add the tokenizer files of the model, or use rows of input_ids.',
      },
    ])
  }
  if (file.format === 'document' && tokenizer) {
    const examples = await documentExamples(file.rows[0], mapping, tokenizer, options)
    result.rowCount = examples.length
    for (const example of examples) accept(result, example, options)
  } else {
    const pace = paceOf(options)
    const earlier = new Map<string, number>()
    for (let start = 0; start < file.rows.length; start += ROWS_WRITTEN) {
      const rows = file.rows.slice(start, start + ROWS_WRITTEN)
      const contents = rows.map((raw) => readRow(raw, mapping))
      const written = await writeChats(contents, options)
      for (const [i, content] of contents.entries()) {
        const outcome = rowExamples(rows[i], content, written.get(content), options)
        if ('message' in outcome) {
          const { lostLength, ...bad } = outcome
          result.badRows.push(bad)
          if (lostLength !== undefined) result.lostLengths.push(lostLength)
        } else if (!isDuplicate(result, earlier, rows[i].row, content) || !options.dropDuplicates)
          for (const example of outcome) accept(result, example, options)
        await pace(start + i + 1, file.rows.length)
      }
    }
  }
  result.badRows.sort((a, b) => a.row - b.row)
  if (result.examples.length === 0)
    throw badRowsError(file.name, result.badRows, `${file.name} has no row to train on`)
  return result
}

/** Throws `input/dataset-rows` with every bad row; does nothing when there is none. */
export function refuseBadRows(name: string, badRows: readonly BadRow[]): void {
  if (badRows.length === 0) return
  const rows = badRows.slice(0, 20).map((bad) => bad.row)
  const list = rows.join(', ') + (badRows.length > rows.length ? ', …' : '')
  throw badRowsError(
    name,
    badRows,
    `${name}: ${badRows.length === 1 ? '1 row' : `${badRows.length} rows`} cannot be trained on (${list})`,
  )
}

function badRowsError(name: string, badRows: readonly BadRow[], summary: string): StudioError {
  if (badRows.length === 0)
    return inputError('dataset-rows', [{ message: summary, fix: 'Choose a file with at least one row.' }])
  return inputError(
    'dataset-rows',
    badRows.map(({ row, message, fix }) => ({ message: `${name}, row ${row}: ${message}`, fix })),
    summary,
  )
}

/** Rows whose conversations the template writes in one go. */
const ROWS_WRITTEN = 64

/** The conversations among rows, as the template writes them. */
async function writeChats(
  contents: readonly (RowContent | BadRow)[],
  { chatTemplate }: TokenizeOptions,
): Promise<Map<RowContent | BadRow, WrittenConversation>> {
  const chats = contents.filter(
    (content): content is Extract<RowContent, { kind: 'chat' }> =>
      !isBadRow(content) && content.kind === 'chat',
  )
  if (chats.length === 0) return new Map()
  if (!chatTemplate) throw new Error('conversations need a chat template')
  const written = await writtenAnswers(
    await chatTemplate(),
    chats.map(({ messages }) => messages),
  )
  return new Map(chats.map((chat, n) => [chat, written[n]]))
}

/** Whether a row says what an earlier one does; it is listed then. */
function isDuplicate(
  { duplicates }: TokenizedDataset,
  earlier: Map<string, number>,
  row: number,
  content: RowContent | BadRow,
): boolean {
  const key = JSON.stringify(content)
  const first = earlier.get(key)
  if (first === undefined) earlier.set(key, row)
  else duplicates.push({ row: row + 1, of: first + 1 })
  return first !== undefined
}

type Refusal = BadRow & { lostLength?: number }

function rowExamples(
  raw: RawRow,
  content: RowContent | BadRow,
  written: WrittenConversation | undefined,
  options: TokenizeOptions,
): Example[] | Refusal {
  if (isBadRow(content)) return content
  const bad = (message: string, fix: string): BadRow => ({ row: raw.row + 1, message, fix })

  if (content.kind === 'tokens') {
    const fault = idFault(content, options.vocabSize)
    if (fault) return bad(fault, 'Use ids of this model’s own tokenizer.')
    return judged([tokenExample(raw.row, content)], options, bad)
  }
  const { tokenizer } = options
  if (!tokenizer) throw new Error('text rows need a tokenizer')
  if (content.kind === 'text')
    return judged(textExamples(raw.row, content.text, tokenizer, options), options, bad)
  if (!written) throw new Error('conversations are written before')
  if (!Array.isArray(written)) {
    return bad(
      `the model's chat template refuses it: ${written.refusal}`,
      'Change the roles or their order to what the model was trained on.',
    )
  }
  return judged(chatExamples(raw.row, content.messages, written, tokenizer, options), options, bad)
}

function judged(
  examples: Example[],
  options: TokenizeOptions,
  bad: (message: string, fix: string) => BadRow,
): Example[] | Refusal {
  if (options.requireSupervised === false) return examples
  const learning = examples.filter((example) => countSupervised(example) > 0)
  if (learning.length > 0) return learning
  const cut = examples.find((example) => example.fullLength > example.inputIds.length)
  return cut
    ? {
        ...bad(
          `has nothing to learn: its answer begins after the first ${options.maxSeqLength} tokens (the row has ${cut.fullLength})`,
          'Raise the sequence length, or shorten the prompt.',
        ),
        lostLength: cut.fullLength,
      }
    : bad(
        'has nothing to learn: no token is supervised',
        'Give it an answer (or labels other than -100), or remove the row.',
      )
}

function accept(result: TokenizedDataset, example: Example, options: TokenizeOptions): void {
  checkIds(example, options.vocabSize)
  result.examples.push(example)
  result.totalTokens += example.inputIds.length
  result.supervisedTokens += countSupervised(example)
  if (example.fullLength > example.inputIds.length) result.truncatedCount++
}

function idFault(content: { inputIds: number[]; labels?: number[] }, vocabSize: number): string | undefined {
  const at = content.inputIds.findIndex((id) => id >= vocabSize)
  if (at >= 0) return `"input_ids"[${at}] is ${content.inputIds[at]}, but the model has ${vocabSize} tokens`
  const label = content.labels?.findIndex((id) => id !== IGNORE_INDEX && (id < 0 || id >= vocabSize)) ?? -1
  if (label < 0) return undefined
  return `"labels"[${label}] is ${content.labels?.[label]}: neither ${IGNORE_INDEX} nor one of the model's ${vocabSize} tokens`
}

function checkIds(example: Example, vocabSize: number): void {
  const beyond = example.inputIds.find((id) => id >= vocabSize)
  if (beyond === undefined) return
  throw inputError('tokenizer', [
    {
      message: `The tokenizer gives the id ${beyond}, but the model's embedding has ${vocabSize} rows`,
      fix: 'Use the tokenizer files that belong to this model.',
    },
  ])
}

/** Characters encoded at once: long enough that cuts are rare, short enough to pause in between. */
const DOCUMENT_PIECE = 1 << 16

/**
 * A document is encoded in pieces that end at a line break (or anywhere, in a line longer than a piece), so that long
 * texts neither block nor meet the quadratic corners of some tokenizers; a token may differ where two pieces meet.
 */
async function documentExamples(
  raw: RawRow,
  mapping: ColumnMapping,
  tokenizer: Tokenizer,
  options: TokenizeOptions,
): Promise<Example[]> {
  const content = readRow(raw, mapping)
  if (isBadRow(content)) throw inputError('dataset', [{ message: content.message, fix: content.fix }])
  const text = content.kind === 'text' ? content.text : ''
  const pace = paceOf(options)
  const ids: number[] = []
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + DOCUMENT_PIECE, text.length)
    if (end < text.length) {
      const lineBreak = text.lastIndexOf('\n', end - 1)
      if (lineBreak > start) end = lineBreak
      else if (isHighSurrogate(text.charCodeAt(end - 1))) end++
    }
    for (const id of tokenizer.encode(text.slice(start, end))) ids.push(id)
    start = end
    await pace(start, text.length)
  }
  // Two-token blocks without BOS may leave a single last token, which nothing predicts.
  return textIdExamples(raw.row, ids, tokenizer, options, true).filter((block) => block.inputIds.length > 1)
}

const isHighSurrogate = (code: number) => code >= 0xd800 && code <= 0xdbff
