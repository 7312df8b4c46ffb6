import type { FileReference } from '../session/files.ts'
import type { ByteSource } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import { blobSource } from './blob-source.ts'
import { urlSource } from './url-source.ts'

/** What a file reference means inside a browser. Addresses are absolute: a worker's own base is its script. */
export async function resolvePageFile(reference: FileReference): Promise<ByteSource> {
  if (reference.kind === 'blob') return blobSource(reference.name, reference.blob)
  if (reference.kind === 'url') return urlSource(reference.name, reference.url)
  throw new StudioError(
    'host/file',
    `A browser cannot open the path ${reference.path}; give a file or an address`,
  )
}
