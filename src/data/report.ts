import type { Tokenizer } from '../formats/tokenizer.ts'
import type { BadRow, DatasetFormat } from './dataset-file.ts'
import type { Example } from './example.ts'
import type { ColumnMapping } from './row-shapes.ts'
import { isTrained } from './sequence.ts'
import type { Dataset, TokenizedDataset } from './tokenize-dataset.ts'
import type { TrainingData } from './training-data.ts'

export interface PreviewToken {
  id: number
  /**
   * Text of the token. Where several tokens make one character, the first has the character and the others ''. Without a
   * tokenizer (token rows) it is the id.
   */
  text: string
  /** Learned: the loss is taken on it. */
  trained: boolean
  special: boolean
  /** Ends an answer. */
  endOfTurn: boolean
}

export interface PreviewRow {
  /** 1-based, as in badRows. */
  row: number
  tokens: PreviewToken[]
  /** Tokens before it was cut; more than tokens.length when it was. */
  fullLength: number
}

/** Tokens per example, before cutting: lengths from ≤ length < to. */
export interface LengthBin {
  from: number
  to: number
  count: number
}

/** Parts of the sentence "Prompt is instruction + input, answer is output". */
export interface RoleColumns {
  role: 'system' | 'prompt' | 'answer' | 'conversation' | 'text' | 'tokens'
  columns: string[]
}

/** What a person sees of a dataset before training. Plain data: it crosses the worker and prints as JSON. */
export interface DatasetReport {
  name: string
  fileFormat: DatasetFormat
  /** The shape in a word or two: `instruction/output`, `messages`, `input_ids`, … */
  format: string
  mapping: RoleColumns[]
  /** The same as an editable value that `openDataset` takes back. */
  columnMapping: ColumnMapping
  columns: string[]
  unusedColumns: string[]
  /** Rows of the file, good and bad (blocks, for a plain text document). */
  rows: number
  badRows: BadRow[]
  /** Rows that say exactly what an earlier one says, both 1-based. */
  duplicates: { row: number; of: number }[]
  truncatedRows: number
  supervisedTokens: number
  totalTokens: number
  /** Longest example before cutting, those of which the cut leaves nothing included. */
  longestTokens: number
  /** Examples kept aside for evaluation. */
  evalRows: number
  /** Sequences of one epoch: packs, or rows without packing. */
  sequences: number
  histogram: LengthBin[]
  /** How many examples have which number of tokens before cutting, shortest first. */
  lengthCounts: [length: number, count: number][]
  preview: PreviewRow[]
}

const MAX_BINS = 24

export function datasetReport(
  dataset: Dataset,
  tokenized: TokenizedDataset,
  data: TrainingData,
  options: { tokenizer?: Tokenizer; previewRows: number },
): DatasetReport {
  const lengths = [...tokenized.examples.map((example) => example.fullLength), ...tokenized.lostLengths]
  return {
    name: dataset.file.name,
    fileFormat: dataset.file.format,
    format: dataset.file.format === 'document' ? 'plain text' : shapeName(dataset.mapping),
    mapping: roleColumns(dataset.mapping),
    columnMapping: dataset.mapping,
    columns: dataset.columns,
    unusedColumns: dataset.unusedColumns,
    rows: tokenized.rowCount,
    badRows: tokenized.badRows,
    duplicates: tokenized.duplicates,
    truncatedRows: tokenized.truncatedCount,
    supervisedTokens: tokenized.supervisedTokens,
    totalTokens: tokenized.totalTokens,
    longestTokens: lengths.reduce((most, length) => Math.max(most, length), 0),
    evalRows: data.evaluation.length,
    sequences: data.train.length,
    histogram: lengthHistogram(lengths),
    lengthCounts: lengthCounts(lengths),
    preview: tokenized.examples
      .slice(0, options.previewRows)
      .map((example) => previewRow(example, options.tokenizer)),
  }
}

function shapeName(mapping: ColumnMapping): string {
  switch (mapping.shape) {
    case 'tokens':
      return 'input_ids'
    case 'pair':
      return `${mapping.prompt[0]}/${mapping.answer}`
    default:
      return mapping.shape
  }
}

function roleColumns(mapping: ColumnMapping): RoleColumns[] {
  switch (mapping.shape) {
    case 'tokens':
      return [{ role: 'tokens', columns: ['input_ids'] }]
    case 'messages':
      return [{ role: 'conversation', columns: [mapping.messages] }]
    case 'conversations':
      return [{ role: 'conversation', columns: [mapping.conversations] }]
    case 'text':
      return [{ role: 'text', columns: [mapping.text] }]
    case 'pair':
      return [
        ...(mapping.system ? [{ role: 'system' as const, columns: [mapping.system] }] : []),
        { role: 'prompt', columns: mapping.prompt },
        { role: 'answer', columns: [mapping.answer] },
      ]
  }
}

/** At most 24 bins of one width that cover all lengths. */
export function lengthHistogram(lengths: readonly number[]): LengthBin[] {
  if (lengths.length === 0) return []
  let least = Number.POSITIVE_INFINITY
  let most = 0
  for (const length of lengths) {
    least = Math.min(least, length)
    most = Math.max(most, length)
  }
  const width = Math.ceil((most - least + 1) / MAX_BINS)
  const bins: LengthBin[] = []
  for (let from = least; from <= most; from += width) bins.push({ from, to: from + width, count: 0 })
  for (const length of lengths) bins[Math.floor((length - least) / width)].count++
  return bins
}

function lengthCounts(lengths: readonly number[]): [number, number][] {
  const counts = new Map<number, number>()
  for (const length of lengths) counts.set(length, (counts.get(length) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => a - b)
}

export function previewRow(example: Example, tokenizer?: Tokenizer): PreviewRow {
  const endOfTurn = new Set(example.endOfTurn)
  const texts = tokenTexts(example.inputIds, tokenizer)
  const tokens = Array.from(example.inputIds, (id, t) => ({
    id,
    text: texts[t],
    trained: isTrained(example, t),
    special: tokenizer?.specialIds.has(id) ?? false,
    endOfTurn: endOfTurn.has(t),
  }))
  return { row: example.row + 1, tokens, fullLength: example.fullLength }
}

/** Longest run of byte tokens that may make one character: UTF-8 takes at most four. */
const MAX_CHARACTER_TOKENS = 4

function tokenTexts(ids: Uint32Array, tokenizer?: Tokenizer): string[] {
  if (!tokenizer) return Array.from(ids, String)
  const texts = Array.from(ids, (id) => tokenizer.decodeToken(id))
  for (let t = 0; t < ids.length; t++) {
    if (!texts[t].includes('\ufffd')) continue
    for (let end = t + 2; end <= Math.min(t + MAX_CHARACTER_TOKENS, ids.length); end++) {
      const together = tokenizer.decode(ids.subarray(t, end))
      if (together.includes('\ufffd')) continue
      texts[t] = together
      texts.fill('', t + 1, end)
      break
    }
  }
  return texts
}
