import type { ByteSource } from '../util/byte-source.ts'
import { inputError } from '../util/errors.ts'

/** A dropped or picked file. Nothing is read before it is asked for. */
export function blobSource(name: string, blob: Blob): ByteSource {
  return {
    name,
    sizeBytes: blob.size,
    async read(start, end) {
      try {
        return new Uint8Array(await blob.slice(start, end).arrayBuffer())
      } catch (cause) {
        // The browser refuses a file that was changed, moved or deleted after it was picked.
        throw inputError('read', [
          {
            message: `${name} can no longer be read: ${cause instanceof Error ? cause.message : String(cause)}`,
            fix: 'Choose the file again; it was changed, moved or deleted after it was picked.',
          },
        ])
      }
    },
  }
}
