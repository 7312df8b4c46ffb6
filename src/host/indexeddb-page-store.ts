import { createStore, delMany, get, promisifyRequest, set, type UseStore } from 'idb-keyval'
import type { PageStore } from '../optim/page-store.ts'
import { storageError } from '../util/storage-full.ts'

/** A page store in IndexedDB. Values are Blobs: the browser keeps large ones in files of their own, which is faster. */
export function indexedDbPageStore(databaseName = 'nibble-pages'): PageStore {
  const use = durable(createStore(databaseName, 'pages'))
  return {
    async get(key) {
      const blob = await get<Blob>(key, use)
      return blob ? new Uint8Array(await blob.arrayBuffer()) : null
    },
    async put(key, bytes) {
      try {
        await set(key, new Blob([bytes]), use)
      } catch (error) {
        throw storageError(error)
      }
    },
    async delete(keys) {
      // On a disk that is full, Chromium never ends a transaction of nothing.
      if (keys.length > 0) await delMany([...keys], use)
    },
    async list(prefix) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`)
      return use('readonly', (store) => promisifyRequest(store.getAllKeys(range))) as Promise<string[]>
    },
  }
}

/** Browsers report a transaction as complete before it has reached the disk unless they are asked not to. */
const durable =
  (use: UseStore): UseStore =>
  (mode, callback) =>
    use('readonly', ({ transaction, name }) =>
      callback(transaction.db.transaction(name, mode, { durability: 'strict' }).objectStore(name)),
    )
