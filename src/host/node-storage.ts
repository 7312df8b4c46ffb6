import type { PageStore } from '../optim/page-store.ts'
import type { StorageReference } from '../session/files.ts'
import { StudioError } from '../util/errors.ts'
import { openFilePageStore } from './file-page-store.ts'

/** What a storage reference means in Node. */
export async function openNodeStorage(storage: StorageReference): Promise<PageStore> {
  if (storage.kind === 'folder') return openFilePageStore(storage.path)
  throw new StudioError('host/storage', 'Outside of a browser checkpoints are kept in a folder', {
    hint: 'Name one.',
  })
}
