import { DTYPE_BYTES, type Dtype, isDtype } from './dtype.ts'
import { type FileProblem, fileError } from './file-error.ts'
import { duplicateKeys, isJsonObject, type JsonObject, shown } from './json.ts'

/** One tensor of a file: bytes [start, end), counted from the beginning of the file, row-major, little-endian. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly start: number
  readonly end: number
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>
}

/** The reference implementation's limit. */
export const MAX_HEADER_BYTES = 100_000_000
const SHOWN_PROBLEMS = 50
const DAMAGED = 'the file is damaged: download it again'

export function safetensorsError(problems: FileProblem[]) {
  const shownOnes = problems.slice(0, SHOWN_PROBLEMS)
  const more = problems.length - shownOnes.length
  if (more > 0) shownOnes.push({ message: `… and ${more} more problems`, fix: DAMAGED })
  return fileError('safetensors', shownOnes)
}

/**
 * Checks the first 8 bytes (the header's length, u64 little-endian) against the file's size.
 * @returns length of the JSON header in bytes
 */
export function headerLength(prefix: Uint8Array, fileName: string, fileSizeBytes: number): number {
  const fail = (message: string) =>
    safetensorsError([
      { message: `${fileName}: ${message}`, fix: 'the file is damaged or cut short: download it again' },
    ])
  if (prefix.length < 8) throw fail(`${fileSizeBytes} bytes are too few for a safetensors file`)
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8)
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true)
  if (length > MAX_HEADER_BYTES) {
    throw fail(`its header claims ${length} bytes, at most ${MAX_HEADER_BYTES} are allowed`)
  }
  if (length < 2) throw fail(`its header claims ${length} bytes, which cannot hold a JSON object`)
  if (8 + length > fileSizeBytes) {
    throw fail(`its header claims ${length} bytes, but the file ends after ${fileSizeBytes}`)
  }
  return length
}

/**
 * Parses and checks a safetensors header: every tensor's dtype, shape and size agree, and together they cover the file's
 * data exactly, without overlap or gap.
 * @param bytes the JSON header (without the 8 length bytes)
 * @throws input/safetensors with every problem
 */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  fileName: string,
  fileSizeBytes: number,
): SafetensorsHeader {
  const json = headerObject(bytes, fileName)
  const dataStart = 8 + bytes.length
  const dataSize = fileSizeBytes - dataStart
  const problems: FileProblem[] = []
  const metadata = readMetadata(json.__metadata__, fileName, problems)
  const entries: TensorEntry[] = []
  for (const [name, description] of Object.entries(json)) {
    if (name === '__metadata__') continue
    const result = readEntry(name, description, dataSize)
    if (typeof result === 'string') {
      problems.push({ message: `${fileName}: tensor "${name}" ${result}`, fix: DAMAGED })
    } else entries.push({ ...result, start: dataStart + result.start, end: dataStart + result.end })
  }
  // By their bytes; tensors without any stand before the one that begins at the same place.
  entries.sort((a, b) => a.start - b.start || a.end - b.end)
  if (problems.length === 0) checkCoverage(entries, dataStart, fileSizeBytes, fileName, problems)
  if (problems.length > 0) throw safetensorsError(problems)
  return { metadata, tensors: new Map(entries.map((entry) => [entry.name, entry])) }
}

function headerObject(bytes: Uint8Array, fileName: string): JsonObject {
  const fail = (message: string) => safetensorsError([{ message: `${fileName}: ${message}`, fix: DAMAGED }])
  let text: string
  let json: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    json = JSON.parse(text)
  } catch (cause) {
    throw fail(`its header is not valid JSON (${(cause as Error).message})`)
  }
  if (!isJsonObject(json)) throw fail('its header is not a JSON object')
  const duplicates = duplicateKeys(text)
  if (duplicates.length > 0) throw fail(`its header names ${shown(duplicates[0])} more than once`)
  return json
}

function readMetadata(value: unknown, fileName: string, problems: FileProblem[]): Record<string, string> {
  if (value === undefined) return {}
  if (isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string')) {
    return value as Record<string, string>
  }
  problems.push({
    message: `${fileName}: __metadata__ must map names to strings, found ${shown(value)}`,
    fix: 'save the file again without it: nothing here needs it',
  })
  return {}
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** The tensor with offsets into the data part, or what is wrong with it. */
function readEntry(name: string, description: unknown, dataSize: number): TensorEntry | string {
  if (!isJsonObject(description)) return `is described by ${shown(description)}, expected an object`
  const { dtype, shape, data_offsets: offsets } = description
  if (!isDtype(dtype)) {
    return `has dtype ${shown(dtype)}, expected one of ${Object.keys(DTYPE_BYTES).join(', ')}`
  }
  if (!Array.isArray(shape) || !shape.every(isCount))
    return `has shape ${shown(shape)}, expected a list of sizes`
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return `has data_offsets ${shown(offsets)}, expected [begin, end]`
  }
  const [start, end] = offsets as [number, number]
  if (end < start) return `ends at ${end}, before its beginning at ${start}`
  if (end > dataSize) return `ends at byte ${end} of the data, but the file holds only ${dataSize}`
  const expected = shape.reduce((product: number, size: number) => product * size, DTYPE_BYTES[dtype])
  if (expected !== end - start) {
    return `of dtype ${dtype} and shape ${shown(shape)} needs ${expected} bytes, its data_offsets span ${end - start}`
  }
  return { name, dtype, shape, start, end }
}

function checkCoverage(
  entries: readonly TensorEntry[],
  dataStart: number,
  fileEnd: number,
  fileName: string,
  problems: FileProblem[],
): void {
  const fail = (message: string) => problems.push({ message: `${fileName}: ${message}`, fix: DAMAGED })
  let covered = dataStart
  let previous = ''
  for (const { name, start, end } of entries) {
    if (start < covered) fail(`tensors "${previous}" and "${name}" overlap`)
    else if (start > covered) fail(`${start - covered} bytes before tensor "${name}" belong to no tensor`)
    covered = Math.max(covered, end)
    previous = name
  }
  if (covered < fileEnd) {
    fail(`the last ${fileEnd - covered} bytes belong to no tensor`)
  }
}
