import { open, stat } from 'node:fs/promises'
import type { ByteSource } from '../util/byte-source.ts'
import { inputError, type StudioError } from '../util/errors.ts'

/**
 * A file on this machine. It is opened for every read and closed after it: a checkpoint of many shards holds no handles.
 * @throws input/read when it is missing, no file, or cannot be read in full
 */
export async function pathSource(name: string, path: string): Promise<ByteSource> {
  const stats = await stat(path).catch((cause) => {
    throw unreadable(path, cause)
  })
  if (!stats.isFile()) throw unreadable(path, 'it is no file')
  return {
    name,
    sizeBytes: stats.size,
    async read(start, end) {
      const handle = await open(path, 'r').catch((cause) => {
        throw unreadable(path, cause)
      })
      try {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, stats.size) - start))
        for (let done = 0; done < bytes.length; ) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
          if (bytesRead === 0)
            throw unreadable(path, `it ends at byte ${start + done}, ${stats.size} were there before`)
          done += bytesRead
        }
        return bytes
      } finally {
        await handle.close()
      }
    },
  }
}

function unreadable(path: string, why: unknown): StudioError {
  const code = (why as NodeJS.ErrnoException | null)?.code
  const cause =
    code === 'ENOENT'
      ? 'it does not exist'
      : code === 'EACCES'
        ? 'permission is denied'
        : why instanceof Error
          ? why.message
          : why
  return inputError('read', [
    { message: `${path} cannot be read: ${cause}`, fix: 'Check the path and its permissions.' },
  ])
}
