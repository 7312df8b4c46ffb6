import type { FileSink } from '../util/byte-source.ts'

/**
 * A file as a command names it: plain data that crosses a worker or a process boundary. The host turns it into a
 * ByteSource (`FileResolver`), so that the engine never knows where bytes come from.
 */
export type FileReference =
  | { kind: 'blob'; name: string; blob: Blob }
  | { kind: 'url'; name: string; url: string }
  | { kind: 'path'; name: string; path: string }

/** Where a run keeps its checkpoints and the pages that have no room in memory; the host turns it into a PageStore. */
export type StorageReference =
  | { kind: 'browser' }
  | { kind: 'folder'; path: string }
  | { kind: 'url'; url: string }

/** A finished file on its way out, relative to where the person wants it: `adapter/adapter_config.json`. */
export interface OutputFile {
  path: string
  bytes: Uint8Array<ArrayBuffer>
}

/** Runs a writer and keeps what it writes in memory; a file whose size is told beforehand is held once. */
export async function collectFiles(write: (sink: FileSink) => Promise<void>): Promise<OutputFile[]> {
  const files: OutputFile[] = []
  await write({
    async write(path, data, sizeBytes) {
      if (data instanceof Uint8Array) files.push({ path, bytes: Uint8Array.from(data) })
      else if (sizeBytes === undefined) files.push({ path, bytes: joined(await piecesOf(data)) })
      else files.push({ path, bytes: await inOne(data, sizeBytes) })
    },
  })
  return files
}

async function piecesOf(data: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of data) pieces.push(piece)
  return pieces
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}

async function inOne(data: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(sizeBytes)
  let offset = 0
  for await (const piece of data) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}
