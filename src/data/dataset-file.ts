import { isJsonObject } from '../formats/json.ts'
import type { ByteSource } from '../util/byte-source.ts'
import { inputError, type Problem, type StudioError } from '../util/errors.ts'
import { type LongWork, paceOf } from './pace.ts'

/** 'document' is plain text: one document a file, cut into blocks of maxSeqLength tokens when it is tokenized. */
export type DatasetFormat = 'jsonl' | 'json' | 'document'

/** One parsed row. `row` is 0-based: the line of a JSONL file, the index in a JSON list. */
export interface RawRow {
  row: number
  value: unknown
}

/** A row that cannot be trained on. `row` is 1-based, as people count: the line of a JSONL file, the item of a JSON list. */
export interface BadRow extends Problem {
  row: number
  /** Worded to follow "row 7: ". */
  message: string
  fix: string
}

export interface DatasetFile {
  name: string
  format: DatasetFormat
  rows: RawRow[]
  badRows: BadRow[]
}

/** Beyond this one string and its rows no longer fit a browser tab comfortably. */
const MAX_BYTES = 256 * 2 ** 20
const CHUNK_BYTES = 4 * 2 ** 20
const LIST_KEYS = ['data', 'rows', 'train']

/**
 * Reads JSONL, JSON (a list, or an object with the list under data, rows or train) or plain text, told apart by content
 * first and by the file's name where content leaves it open. A byte order mark, CRLF and blank lines are fine.
 * Lines that are no JSON are listed in `badRows`; what is no dataset at all throws `input/dataset`.
 */
export async function readDatasetFile(source: ByteSource, work: LongWork = {}): Promise<DatasetFile> {
  const text = await decodeText(source, work)
  if (text.trim() === '') {
    throw refuse(`${source.name} is empty`, 'Choose a file with at least one row.')
  }
  const extension = source.name.toLowerCase().match(/\.([a-z0-9]+)$/)?.[1] ?? ''
  const opening = text.trimStart()[0]
  const expectsJson = ['jsonl', 'json', 'ndjson'].includes(extension)
  if (extension === 'csv' || extension === 'tsv') {
    throw refuse(
      `${source.name} is a table of type ${extension.toUpperCase()}, which is not read yet`,
      'Save it as JSONL: one JSON object a line.',
    )
  }
  if (opening !== '{' && opening !== '[') {
    if (!expectsJson) return documentFile(source.name, text)
    if (extension === 'json') throw notJson(source.name, text)
    return readLines(source.name, text, work)
  }
  if (startsWithWholeJsonLine(text)) {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    const single = lines.length === 1 ? listOf(JSON.parse(lines[0])) : undefined
    return single ? listFile(source.name, single) : readLines(source.name, text, work)
  }
  const whole = parseJson(text)
  if (whole.ok) return listFile(source.name, listOf(whole.value) ?? [whole.value])
  if (extension === 'jsonl' || extension === 'ndjson' || someLineIsAnObject(text))
    return readLines(source.name, text, work)
  if (expectsJson) throw notJson(source.name, text)
  return documentFile(source.name, text)
}

async function decodeText(source: ByteSource, work: LongWork): Promise<string> {
  const { name, sizeBytes } = source
  if (sizeBytes === 0) throw refuse(`${name} is empty`, 'Choose a file with at least one row.')
  if (sizeBytes > MAX_BYTES) {
    throw refuse(
      `${name} has ${Math.round(sizeBytes / 2 ** 20)} MiB; at most ${MAX_BYTES / 2 ** 20} MiB are read`,
      'Split the dataset into smaller files.',
    )
  }
  const head = await source.read(0, Math.min(4, sizeBytes))
  refuseBinary(name, head)
  const encoding =
    head[0] === 0xff && head[1] === 0xfe
      ? 'utf-16le'
      : head[0] === 0xfe && head[1] === 0xff
        ? 'utf-16be'
        : 'utf-8'
  // The decoder takes a byte order mark away by itself.
  const decoder = new TextDecoder(encoding, { fatal: true })
  const pace = paceOf({ signal: work.signal })
  const pieces: string[] = []
  try {
    for (let start = 0; start < sizeBytes; start += CHUNK_BYTES) {
      const end = Math.min(start + CHUNK_BYTES, sizeBytes)
      pieces.push(decoder.decode(await source.read(start, end), { stream: true }))
      await pace(end, sizeBytes)
    }
    pieces.push(decoder.decode())
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw refuse(`${name} is not text in ${encoding.toUpperCase()}`, 'Save the file as UTF-8 text.')
  }
  const text = pieces.join('')
  if (text.includes('\0'))
    throw refuse(
      `${name} is not a text file: it contains zero bytes`,
      'Choose a JSONL, JSON or plain text file.',
    )
  return text
}

function refuseBinary(name: string, head: Uint8Array): void {
  const start = String.fromCharCode(...head)
  const kind =
    start === 'PAR1'
      ? 'a Parquet file'
      : start.startsWith('PK')
        ? 'a ZIP archive'
        : start.startsWith('\x1f\x8b')
          ? 'compressed (gzip)'
          : undefined
  if (kind)
    throw refuse(
      `${name} is ${kind}, which is not read`,
      'Save it as JSONL: one JSON object a line, not compressed.',
    )
}

async function readLines(name: string, text: string, work: LongWork): Promise<DatasetFile> {
  const file: DatasetFile = { name, format: 'jsonl', rows: [], badRows: [] }
  const lines = text.split('\n')
  const pace = paceOf(work)
  for (let row = 0; row < lines.length; row++) {
    const line = lines[row].trim()
    if (line !== '') {
      const parsed = parseJson(line)
      if (parsed.ok) file.rows.push({ row, value: parsed.value })
      else
        file.badRows.push({
          row: row + 1,
          message: `is not JSON: ${parsed.cause}`,
          fix: 'Write one whole JSON object on the line.',
        })
    }
    await pace(row + 1, lines.length)
  }
  if (file.rows.length === 0) {
    throw inputError(
      'dataset',
      file.badRows.map(({ row, message, fix }) => ({ message: `${name}, line ${row} ${message}`, fix })),
      `${name} has no line that is a JSON object`,
    )
  }
  return file
}

function listFile(name: string, list: unknown[]): DatasetFile {
  if (list.length === 0) throw refuse(`${name} is an empty list`, 'Choose a file with at least one row.')
  // The dataset viewer of the Hugging Face Hub wraps every row.
  const wrapped = list.every((item) => isJsonObject(item) && 'row_idx' in item && isJsonObject(item.row))
  const rows = list.map((value, row) => ({ row, value: wrapped ? (value as { row: unknown }).row : value }))
  return { name, format: 'json', rows, badRows: [] }
}

function documentFile(name: string, text: string): DatasetFile {
  return {
    name,
    format: 'document',
    rows: [{ row: 0, value: { text: text.replaceAll('\r\n', '\n') } }],
    badRows: [],
  }
}

function listOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (!isJsonObject(value)) return undefined
  for (const key of LIST_KEYS) if (Array.isArray(value[key])) return value[key]
  return undefined
}

/** A first line that is one whole JSON value means JSON lines (or a JSON file written on one line). */
function startsWithWholeJsonLine(text: string): boolean {
  const start = text.trimStart()
  const end = start.indexOf('\n')
  return parseJson(end < 0 ? start : start.slice(0, end)).ok
}

/** A broken first line must not hide that the others are JSON lines. */
function someLineIsAnObject(text: string): boolean {
  return text
    .split('\n', 200)
    .some((line) => line.trimStart().startsWith('{') && /}\s*$/.test(line) && parseJson(line).ok)
}

type Parsed = { ok: true; value: unknown } | { ok: false; cause: string }

function parseJson(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    return { ok: false, cause: shortCause(error) }
  }
}

/** Engines quote the whole text in the message; what helps is its beginning. */
function shortCause(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.length > 160 ? `${message.slice(0, 157)}…` : message
}

function notJson(name: string, text: string): StudioError {
  const parsed = parseJson(text)
  return refuse(
    `${name} is not JSON: ${parsed.ok ? 'no rows found' : parsed.cause}`,
    'Mend the file, or write one JSON object a line and name it .jsonl.',
  )
}

const refuse = (message: string, fix: string) => inputError('dataset', [{ message, fix }])
