import { MEMORY_CATEGORIES, type MemoryCategory } from './tensor.ts'

/** Plans that stand beside a run's own, each counted as one. */
export type SidePlan = 'samples' | 'playground'

/** What allocated bytes are for: a category of the plan that they belong to, or a plan beside the run's as a whole. */
export type MemoryUse = MemoryCategory | SidePlan
export const MEMORY_USES: readonly MemoryUse[] = [...MEMORY_CATEGORIES, 'samples', 'playground']
export type BytesByUse = Record<MemoryUse, number>

/** Buffers that were created together. */
export interface HeldBuffers {
  /** Sum of their sizes, as created. */
  sizeBytes: number
  bytes: Partial<BytesByUse>
}

/** The count of what is allocated on one device: buffers are entered when they are there and struck out when destroyed. */
export class DeviceMemory {
  private readonly held: BytesByUse = Object.fromEntries(MEMORY_USES.map((use) => [use, 0])) as BytesByUse
  private readonly watchers = new Set<() => void>()
  private sizeBytes = 0

  /** Sum of the sizes of all buffers. */
  get totalBytes(): number {
    return this.sizeBytes
  }

  /** The same by use. */
  get bytes(): BytesByUse {
    return { ...this.held }
  }

  /** Enters buffers; the answer strikes them out. */
  hold(buffers: HeldBuffers): () => void {
    this.change(buffers, 1)
    let holds = true
    return () => {
      if (holds) this.change(buffers, -1)
      holds = false
    }
  }

  /** Called after every change, until the answer is. */
  watch(onChange: () => void): () => void {
    this.watchers.add(onChange)
    return () => this.watchers.delete(onChange)
  }

  private change({ sizeBytes, bytes }: HeldBuffers, sign: 1 | -1): void {
    this.sizeBytes += sign * sizeBytes
    for (const use of MEMORY_USES) this.held[use] += sign * (bytes[use] ?? 0)
    for (const watcher of this.watchers) watcher()
  }
}
