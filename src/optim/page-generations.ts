import { delay } from '../util/abort.ts'
import { reasonOf, StudioError } from '../util/errors.ts'
import { sha256 } from '../util/sha256.ts'
import type { PageStore } from './page-store.ts'

/** One element range of both moments (m, then v) as it lies in a store. */
export interface StoredPage {
  firstElement: number
  elements: number
  key: string
  sha256: string
}

/** All moments of a pool at one step: plain data, kept in a checkpoint's manifest. */
export interface StoredMoments {
  /** f32 elements of one moment. */
  elements: number
  pages: StoredPage[]
}

export type PageRange = Pick<StoredPage, 'firstElement' | 'elements'>

/**
 * Waits before each attempt to read. A page that a store says it lost is asked for a few times. A store that fails may
 * be one whose disk is full: browsers then give nothing until there is room again, and so it is waited for (a minute).
 */
const READ_RETRY_MS = [0, 20, 200, 1000, 2000, 5000, 10_000, 20_000, 20_000]
const LOST_AFTER = 3
/** Shorter waits are not cut short: a step whose page comes a moment late is finished. */
const LONG_WAIT_MS = 1000

/**
 * Pages of a run in a store. A page is never overwritten: every write is a new generation (the step whose update it has
 * seen), so that a checkpoint's pages stay whole until a later checkpoint is complete.
 */
export class PageGenerations {
  /** Keys that the last checkpoint names, or one that may or may not have become durable since. */
  private committed = new Set<string>()
  private garbage: string[] = []

  constructor(
    private readonly store: PageStore,
    private readonly run: string,
    /** Ends waiting for a store that fails. */
    private readonly signal?: AbortSignal,
  ) {}

  /** @throws whatever the store throws */
  async put(
    { firstElement, elements }: PageRange,
    generation: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<StoredPage> {
    const key = `${this.prefix}${firstElement}-${elements}.${generation}`
    const [digest] = await Promise.all([sha256(bytes), this.store.put(key, bytes)])
    return { firstElement, elements, key, sha256: digest }
  }

  /**
   * @param onFailure told of every failed attempt
   * @throws paging/lost-page when the store does not give the page, or gives other bytes than were put; cancelled
   */
  async get(
    stored: StoredPage,
    onFailure: (error: unknown) => void = () => {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    let lost = 0
    let reason: unknown
    for (const wait of READ_RETRY_MS) {
      if (wait > 0) await this.wait(wait, stored.key)
      try {
        const bytes = await this.store.get(stored.key)
        if (bytes && bytes.length === stored.elements * 8 && (await sha256(bytes)) === stored.sha256)
          return bytes
        lost++
        reason = new Error(bytes ? 'it holds other bytes than were written' : 'it is gone')
      } catch (error) {
        reason = error
      }
      onFailure(reason)
      if (lost === LOST_AFTER) break
    }
    throw new StudioError(
      'paging/lost-page',
      `The page store no longer gives optimizer page ${stored.key} (${reasonOf(reason)})`,
      {
        hint:
          lost > 0
            ? 'Resume from the last checkpoint; if that fails too, the browser or someone cleared the stored data.'
            : 'Free space on the disk, then resume from the last checkpoint, which is whole, or start the run again.',
        cause: reason,
      },
    )
  }

  /** Keeps pages that a manifest is about to name, whatever comes of it. */
  protect({ pages }: StoredMoments): void {
    for (const { key } of pages) this.committed.add(key)
  }

  /** Marks a generation as no longer current; it is deleted unless a checkpoint names it. */
  supersede({ key }: StoredPage): void {
    if (!this.committed.has(key)) this.garbage.push(key)
  }

  /** Tells that a manifest which names these pages is durable: those of the one before may go. */
  commit({ pages }: StoredMoments): void {
    const committed = new Set(pages.map(({ key }) => key))
    for (const key of this.committed) if (!committed.has(key)) this.garbage.push(key)
    this.committed = committed
  }

  /** Deletes what nothing names any more. What cannot be deleted is left to `collectAll`. */
  async collect(): Promise<void> {
    const keys = this.garbage
    if (keys.length === 0) return
    this.garbage = []
    await this.store.delete(keys).catch(() => {})
  }

  /** Deletes every page of this run but the committed ones: what a crash left behind. */
  async collectAll(): Promise<void> {
    this.garbage = []
    const keys = await this.store.list(this.prefix).catch(() => [])
    const orphans = keys.filter((key) => !this.committed.has(key))
    if (orphans.length > 0) await this.store.delete(orphans).catch(() => {})
  }

  private wait(ms: number, key: string): Promise<void> {
    return delay(ms, ms < LONG_WAIT_MS ? undefined : this.signal, `Cancelled while ${key} was waited for`)
  }

  private get prefix(): string {
    return `${this.run}/moments/`
  }
}

/** Moments of any element range (m, then v), out of the stored pages that cover it. */
export async function gatherMoments(
  generations: PageGenerations,
  { pages }: StoredMoments,
  range: PageRange,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(range.elements * 8)
  for (const page of pages) {
    const first = Math.max(page.firstElement, range.firstElement)
    const end = Math.min(page.firstElement + page.elements, range.firstElement + range.elements)
    if (first >= end) continue
    const stored = await generations.get(page)
    for (const moment of [0, 1]) {
      const from = (moment * page.elements + first - page.firstElement) * 4
      const to = (moment * range.elements + first - range.firstElement) * 4
      bytes.set(stored.subarray(from, from + (end - first) * 4), to)
    }
  }
  return bytes
}
