import { createStore, delMany, get, promisifyRequest, set, type UseStore } from 'idb-keyval'
import type { PageStore } from '../optim/page-store.ts'
import { storageError } from '../util/storage-full.ts'

/**
 * In IndexedDB a reader of an object store waits for all who write to it, and they for the disk. Keys are spread over
 * several databases, so that one page is fetched while another is written.
 */
const STRIPES = 4

/** A page store in IndexedDB. Values are Blobs: the browser keeps large ones in files of their own, which is faster. */
export function indexedDbPageStore(databaseName = 'nibble-pages'): PageStore {
  const stripes = Array.from({ length: STRIPES }, (_, stripe) =>
    durable(createStore(stripe === 0 ? databaseName : `${databaseName}-${stripe}`, 'pages')),
  )
  /** What was kept when there was one database only stays there; whoever cannot list it will not get it either. */
  const strays = keysOf(stripes[0], '').then(
    (keys) => new Set(keys.filter((key) => stripeOf(key) !== 0)),
    () => new Set<string>(),
  )
  const placeOf = async (key: string) => stripes[(await strays).has(key) ? 0 : stripeOf(key)]
  return {
    async get(key) {
      const blob = await get<Blob>(key, await placeOf(key))
      return blob ? new Uint8Array(await blob.arrayBuffer()) : null
    },
    async put(key, bytes) {
      try {
        await set(key, new Blob([bytes]), await placeOf(key))
      } catch (error) {
        throw storageError(error)
      }
    },
    async delete(keys) {
      const places = new Map<UseStore, string[]>()
      for (const key of keys) {
        const place = await placeOf(key)
        places.set(place, [...(places.get(place) ?? []), key])
      }
      // Only where there is one: on a disk that is full, Chromium never ends a transaction of nothing.
      await Promise.all([...places].map(([place, those]) => delMany(those, place)))
    },
    async list(prefix) {
      const keys = await Promise.all(stripes.map((stripe) => keysOf(stripe, prefix)))
      return [...new Set(keys.flat())]
    },
  }
}

const keysOf = (use: UseStore, prefix: string) =>
  use('readonly', (store) =>
    promisifyRequest(store.getAllKeys(IDBKeyRange.bound(prefix, `${prefix}\uffff`))),
  ) as Promise<string[]>

/** FNV-1a: the same for a key at all times. */
function stripeOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % STRIPES
}

/** Browsers report a transaction as complete before it has reached the disk unless they are asked not to. */
const durable =
  (use: UseStore): UseStore =>
  (mode, callback) =>
    use('readonly', ({ transaction, name }) =>
      callback(transaction.db.transaction(name, mode, { durability: 'strict' }).objectStore(name)),
    )
