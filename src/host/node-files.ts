import type { FileReference } from '../session/files.ts'
import type { ByteSource } from '../util/byte-source.ts'
import { blobSource } from './blob-source.ts'
import { pathSource } from './path-source.ts'
import { urlSource } from './url-source.ts'

/** What a file reference means in Node. */
export async function resolveNodeFile(reference: FileReference): Promise<ByteSource> {
  if (reference.kind === 'path') return pathSource(reference.name, reference.path)
  if (reference.kind === 'url') return urlSource(reference.name, reference.url)
  return blobSource(reference.name, reference.blob)
}
