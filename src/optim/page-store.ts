/**
 * Where bytes go that must outlive memory: pages of moments and what else a checkpoint holds. Keys are paths of
 * letters, digits and `-._`, separated by `/`. Implemented by host/; any call may fail, and callers reckon with it.
 */
export interface PageStore {
  /** Null when there is no such key. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | null>
  /**
   * Writes or replaces a value. Durable once it resolves, and atomic: after a crash at any moment the key holds the old
   * value or the new one. The store has no hold on `bytes` after it resolves.
   */
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** Keys that are not there are passed over. */
  delete(keys: readonly string[]): Promise<void>
  /** All keys that start with `prefix`. */
  list(prefix: string): Promise<string[]>
}

/** A store that lasts as long as this process. */
export class MemoryPageStore implements PageStore {
  readonly values = new Map<string, Uint8Array<ArrayBuffer>>()

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.values.get(key)?.slice() ?? null
  }

  async put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.values.set(key, bytes.slice())
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.values.delete(key)
  }

  async list(prefix: string): Promise<string[]> {
    return [...this.values.keys()].filter((key) => key.startsWith(prefix))
  }
}
