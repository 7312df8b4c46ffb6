import { createStore, promisifyRequest } from 'idb-keyval'
import { storageError } from '../../src/util/storage-full.ts'

/** A flat keep of plain data by name. */
export interface Entries {
  keys(): Promise<string[]>
  /** In the order asked for; undefined where there is none. */
  get<T>(names: readonly string[]): Promise<(T | undefined)[]>
  /** All of it or nothing. */
  write(puts: readonly (readonly [string, unknown])[], removals?: readonly string[]): Promise<void>
}

/** Entries in a database of this browser. */
export function indexedDbEntries(database: string): Entries {
  const store = createStore(database, 'entries')
  return {
    keys: () =>
      store('readonly', (entries) => promisifyRequest(entries.getAllKeys() as IDBRequest<string[]>)),
    get: (names) =>
      store('readonly', (entries) => Promise.all(names.map((name) => promisifyRequest(entries.get(name))))),
    async write(puts, removals = []) {
      try {
        await store('readwrite', (entries) => {
          for (const name of removals) entries.delete(name)
          for (const [name, value] of puts) entries.put(value, name)
          const written = promisifyRequest(entries.transaction)
          // Not left to the turn after this one, which a page that goes away may not have.
          entries.transaction.commit()
          return written
        })
      } catch (error) {
        throw storageError(error)
      }
    },
  }
}

/** Entries for as long as the page lives: in tests, and where a browser lets nothing be kept. */
export function memoryEntries(): Entries {
  const kept = new Map<string, unknown>()
  return {
    keys: async () => [...kept.keys()],
    get: async <T>(names: readonly string[]) => names.map((name) => kept.get(name) as T | undefined),
    async write(puts, removals = []) {
      for (const name of removals) kept.delete(name)
      for (const [name, value] of puts) kept.set(name, structuredClone(value))
    },
  }
}
