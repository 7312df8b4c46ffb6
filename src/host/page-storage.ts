import type { PageStore } from '../optim/page-store.ts'
import type { StorageReference } from '../session/files.ts'
import { StudioError } from '../util/errors.ts'
import { indexedDbPageStore } from './indexeddb-page-store.ts'
import { urlPageStore } from './url-page-store.ts'

/** What a storage reference means inside a browser. */
export async function openPageStorage(storage: StorageReference): Promise<PageStore> {
  if (storage.kind === 'browser') return indexedDbPageStore()
  if (storage.kind === 'url') return urlPageStore(storage.url)
  throw new StudioError('host/storage', `A browser cannot keep checkpoints in the folder ${storage.path}`)
}
