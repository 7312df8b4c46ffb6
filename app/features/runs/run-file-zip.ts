import { Unzip, UnzipInflate, zipSync } from 'fflate'
import { inputError } from '../../../src/util/errors.ts'

export interface ZipLimits {
  /** Largest unpacked size of a file by its path; null where no such file belongs. */
  sizeOf: (path: string) => number | null
  /** Of all files together. */
  totalBytes: number
  files: number
}

/** So much is unpacked at a time at the most (a thousandfold of it), before sizes are looked at again. */
const PIECE_BYTES = 16 * 1024
/** The page gets a turn after so many pieces. */
const PIECES_A_TURN = 32

/** The files of a container, packed. Weights do not get smaller. */
export function packZip(files: Record<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).map(([path, bytes]) => [
    path,
    [bytes, { level: /\.(jsonl?|md|txt)$/.test(path) ? 4 : 0 }] as const,
  ])
  return zipSync(Object.fromEntries(entries)) as Uint8Array<ArrayBuffer>
}

/**
 * The files of a container, unpacked piece by piece. Sizes are counted as they come, whatever the container says of
 * itself: what would unpack to more than its limit is refused before it has.
 */
export async function unpackZip(
  file: Blob,
  limits: ZipLimits,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const pieces = new Map<string, Uint8Array[]>()
  let unpacked = 0
  let problem: Error | null = null
  const ended = new Set<string>()
  const unzip = new Unzip((entry) => {
    const path = entry.name
    const limit = limits.sizeOf(path)
    if (path.endsWith('/')) return
    if (limit === null) problem ??= refused(`It holds a file that does not belong there: ${shown(path)}`)
    else if (pieces.has(path)) problem ??= refused(`It holds ${shown(path)} twice`)
    else if (pieces.size >= limits.files) problem ??= refused(`It holds more than ${limits.files} files`)
    if (problem || limit === null) return
    const parts: Uint8Array[] = []
    pieces.set(path, parts)
    let size = 0
    entry.ondata = (error, part, final) => {
      if (error) {
        problem ??= refused(`${shown(path)} in it cannot be unpacked (${error.message})`)
        return
      }
      size += part.length
      unpacked += part.length
      if (size > limit || unpacked > limits.totalBytes)
        problem ??= refused(
          `${shown(path)} in it is larger than the ${limit.toLocaleString('en')} bytes permitted`,
        )
      if (!problem) parts.push(part)
      if (final) ended.add(path)
    }
    entry.start()
  })
  unzip.register(UnzipInflate)
  for (let from = 0, turn = 1; from < file.size && !problem; from += PIECE_BYTES, turn++) {
    const piece = new Uint8Array(await file.slice(from, from + PIECE_BYTES).arrayBuffer())
    try {
      unzip.push(piece, from + PIECE_BYTES >= file.size)
    } catch (error) {
      problem ??= refused(`It cannot be unpacked (${error instanceof Error ? error.message : error})`)
    }
    if (turn % PIECES_A_TURN === 0) await new Promise((resolve) => setTimeout(resolve))
  }
  if (problem) throw problem
  const cut = [...pieces.keys()].find((path) => !ended.has(path))
  if (cut !== undefined) throw refused(`It ends in the middle of ${shown(cut)}`)
  return new Map([...pieces].map(([path, parts]) => [path, joined(parts)]))
}

/** A path as the file gives it, short enough to be read. */
const shown = (path: string) => JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path)

export function refused(message: string): Error {
  return inputError('run-file', [
    { message, fix: 'Choose a .nibblerun file as a studio has written it; if it was, download it again.' },
  ])
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
