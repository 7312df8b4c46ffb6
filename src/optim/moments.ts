import type { StoredMoments } from './page-generations.ts'

/** Adam's moments of one pool, wherever they are: what the trainer updates and a checkpoint keeps. */
export interface Moments {
  /**
   * Submits the update of a step (1-based). All stages before it are submitted; nothing else is until it resolves.
   * @throws paging/lost-page or cancelled: some pages have then seen the update and some have not
   */
  update(step: number): Promise<void>
  /** Makes all moments durable as they stand. @throws whatever the store throws */
  save(): Promise<StoredMoments>
  /** Tells that a manifest naming `saved` is durable. Earlier ones may be forgotten. */
  committed(saved: StoredMoments): Promise<void>
  /** Takes the moments of a checkpoint made at `step`, of this or another page layout. @throws paging/lost-page, cancelled */
  restore(saved: StoredMoments, step: number): Promise<void>
  /** Null where nothing is paged. */
  statistics(): PagingStatistics | null
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>
}

export type Residency = 'gpu' | 'host' | 'store'

/** Totals since the run began (or was resumed). Bytes in and out are those of transfers that have been started. */
export interface PagingStatistics {
  pageBytes: number
  /** Where each page is now, in the order of its elements. */
  residency: Residency[]
  /** Turns of a page that was on the GPU already. */
  hits: number
  /** Turns of a page that had to be brought in, from host memory or from the store. */
  hostMisses: number
  storeMisses: number
  bytesToGpu: number
  bytesFromGpu: number
  bytesToStore: number
  bytesFromStore: number
  /** Moments in host memory now, and at most so far. */
  hostBytes: number
  peakHostBytes: number
  /** Time that the update waited for pages while the GPU had nothing else of this step to do. */
  stallMs: number
  /** Whether the store failed and pages stay in host memory. */
  degraded: boolean
}

export interface PagingWarning {
  code: string
  message: string
  fix: string
}
