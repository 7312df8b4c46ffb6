import { MemoryPageStore, type PageStore } from '../page-store.ts'
import { turns } from './turns.ts'

export type StoreOperation = 'get' | 'put' | 'delete' | 'list'

/** A memory store that takes its time and fails when told to. */
export class FaultyPageStore implements PageStore {
  readonly memory: MemoryPageStore
  operations = 0
  /** Operations so far, `get key` and the like. */
  log: string[] = []

  constructor(
    private readonly faults: {
      /** Whether the operation number `count` (from 0, of all operations) fails. */
      fails?: (operation: StoreOperation, count: number) => boolean
      delay?: () => number
    } = {},
    memory = new MemoryPageStore(),
  ) {
    this.memory = memory
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    await this.take('get', key)
    return this.memory.get(key)
  }

  async put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const copy = bytes.slice()
    await this.take('put', key)
    if (!bytes.every((byte, index) => byte === copy[index]))
      throw new Error('the bytes changed while they were put')
    await this.memory.put(key, copy)
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.take('delete', keys.join(' '))
    await this.memory.delete(keys)
  }

  async list(prefix: string): Promise<string[]> {
    await this.take('list', prefix)
    return this.memory.list(prefix)
  }

  private async take(operation: StoreOperation, key: string): Promise<void> {
    this.log.push(`${operation} ${key}`)
    const count = this.operations++
    await turns(this.faults.delay?.() ?? 0)
    if (this.faults.fails?.(operation, count)) throw new Error(`${operation} was made to fail`)
  }
}
