/**
 * A file that can be read in ranges, wherever it lives (a dropped File, a URL, a path, memory). Formats read through
 * this and never hold a whole checkpoint.
 */
export interface ByteSource {
  /** File name without folders: `model.safetensors`. */
  readonly name: string
  readonly sizeBytes: number
  /** Bytes [start, end). Throws `input/read` when the range cannot be read in full. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>
}

/** Where results go. Paths are relative with forward slashes: `adapter/adapter_config.json`. */
export interface FileSink {
  /** @param sizeBytes of `data` that comes in pieces, where it is known beforehand */
  write(path: string, data: Uint8Array | AsyncIterable<Uint8Array>, sizeBytes?: number): Promise<void>
}

export function memorySource(name: string, bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return { name, sizeBytes: bytes.length, read: async (start, end) => bytes.subarray(start, end) }
}

export async function readText(source: ByteSource): Promise<string> {
  return new TextDecoder().decode(await source.read(0, source.sizeBytes))
}
