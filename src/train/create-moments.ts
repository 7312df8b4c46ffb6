import type { Executable } from '../graph/executable.ts'
import type { Moments, PagingWarning } from '../optim/moments.ts'
import { MemoryPageStore, type PageStore } from '../optim/page-store.ts'
import { Pager } from '../optim/pager.ts'
import { WholeMoments } from '../optim/whole-moments.ts'
import type { Program } from './program.ts'

export interface MomentsStorage {
  /** Default: pages without room on the GPU stay in this process. */
  store?: PageStore
  /** Prefix of all keys in the store. */
  run?: string
  /** Ends a restoration, and waiting for a store that fails. */
  signal?: AbortSignal
  onWarning?: (warning: PagingWarning) => void
}

/** The moments of a program that trains, zero: paged as it was planned. */
export function createMoments(
  { pool, pages }: Program,
  executable: Executable,
  storage: MomentsStorage = {},
): Moments {
  if (!pool) throw new Error('a program without trainable tensors has no moments')
  const { store = new MemoryPageStore(), run = 'run', signal, onWarning } = storage
  return pages
    ? new Pager({ executable, pool, layout: pages, store, run, signal, onWarning })
    : new WholeMoments({ executable, pool, store, run, signal })
}
