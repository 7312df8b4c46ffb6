import type { Executable } from '../graph/executable.ts'
import type { BufferRange } from '../graph/plan.ts'
import type { ParameterPool } from '../graph/pool.ts'
import { throwIfCancelled } from '../util/abort.ts'
import { reasonOf } from '../util/errors.ts'
import type { Moments, PagingStatistics, PagingWarning, Residency } from './moments.ts'
import { gatherMoments, PageGenerations, type StoredMoments, type StoredPage } from './page-generations.ts'
import type { Page, PageLayout } from './page-layout.ts'
import type { PageStore } from './page-store.ts'
import { slotKey, UPDATE_STAGE } from './record-update.ts'

export interface PagerOptions {
  executable: Executable
  pool: ParameterPool
  layout: PageLayout
  store: PageStore
  /** Prefix of all keys in the store. */
  run: string
  /** Ends a restoration, and waiting for a page that a failing store does not give: the update under way is then left torn. */
  signal?: AbortSignal
  /** Called once, when the store fails for the first time. */
  onWarning?: (warning: PagingWarning) => void
}

/** A page and where its current moments are: in its slot, in host memory, in the store, or (generation 0) nowhere, being zero. */
interface PageState {
  page: Page
  range: BufferRange
  /** The step whose update it has seen last. */
  generation: number
  /** Its bytes in host memory, or on their way there. */
  bytes: Promise<Uint8Array<ArrayBuffer>> | null
  /** Whether those bytes were fetched ahead from the store. */
  fetched: boolean
  /** Whether it is one of the first that the next step will bring in: its bytes are kept. */
  awaited: boolean
  /** What its bytes are read back into, for a page at home in host memory. */
  memory: Uint8Array<ArrayBuffer> | null
  /** Newest durable generation. */
  stored: { page: StoredPage; generation: number } | null
}

/** Pages on their way into the store at a time. */
const PUTS = 2

/**
 * Adam's moments in pages: pinned ones stay on the GPU, the others take turns in two slots. While a page updates, the
 * next one is fetched and written to the other slot and the one before is read back and written behind. Every step goes
 * through the streamed pages in the opposite direction, so that the last two of a step are there for the next. What is
 * computed does not depend on any of it. When the store fails, pages stay in host memory.
 */
export class Pager implements Moments {
  private readonly states: readonly PageState[]
  private readonly streamed: readonly PageState[]
  private readonly generations: PageGenerations
  /** Which streamed page's current moments are in a slot. */
  private readonly occupants = new Map<number, PageState>()
  private readonly loads = new Map<PageState, Promise<void>>()
  private readonly transfers = new Set<Promise<unknown>>()
  private readonly puts = new Set<Promise<void>>()
  private readonly zeros: Uint8Array<ArrayBuffer>
  private collecting: Promise<void> = Promise.resolve()
  private forward = true
  private degraded = false
  private gpuReached = Number.POSITIVE_INFINITY
  private readonly totals = {
    hits: 0,
    hostMisses: 0,
    storeMisses: 0,
    bytesToGpu: 0,
    bytesFromGpu: 0,
    bytesToStore: 0,
    bytesFromStore: 0,
    peakHostBytes: 0,
    stallMs: 0,
  }

  constructor(private readonly options: PagerOptions) {
    const { executable, pool, layout, store, run, signal } = options
    const buffers = new Map(executable.plan.buffers.map(({ label }, index) => [label, index]))
    this.states = layout.pages.map((page): PageState => {
      const buffer = buffers.get(slotKey(pool, page.slot))
      if (buffer === undefined) throw new Error(`the plan has no slot ${page.slot}`)
      const range = { buffer, offset: 0, sizeBytes: page.sizeBytes }
      return {
        page,
        range,
        generation: 0,
        bytes: null,
        fetched: false,
        awaited: false,
        memory: null,
        stored: null,
      }
    })
    this.streamed = this.states.filter(({ page }) => !page.pinned)
    this.generations = new PageGenerations(store, run, signal)
    this.zeros = new Uint8Array(this.streamed.length > 0 ? layout.pageBytes : 0)
  }

  async update(step: number): Promise<void> {
    const { executable } = this.options
    executable.run(UPDATE_STAGE.norm)
    this.watchQueue()
    const turns = this.forward ? [...this.streamed] : [...this.streamed].reverse()
    for (const state of turns.slice(0, 2)) if (!this.isOnGpu(state)) this.load(state)
    for (const [turn, state] of turns.entries()) {
      const load = this.loads.get(state)
      if (load) await this.waited(load)
      else this.totals.hits++
      this.loads.delete(state)
      this.updatePage(state, step)
      const next = turns[turn + 2]
      if (next) {
        await this.writeBehind(state)
        this.load(next)
      }
      // The first two are there already: what follows them is fetched while the pinned pages update.
      if (turn === 1) this.updatePinned(step)
    }
    if (turns.length === 0) this.updatePinned(step)
    this.forward = !this.forward
    this.lookAhead()
    this.collecting = this.collecting.then(() => this.generations.collect())
  }

  async save(): Promise<StoredMoments> {
    await Promise.all(this.puts)
    const pages: StoredPage[] = []
    for (const state of this.states) {
      if (state.stored?.generation !== state.generation) await this.put(state, await this.current(state))
      if (state.stored) pages.push(state.stored.page)
    }
    const saved = { elements: this.options.layout.elements, pages }
    this.generations.protect(saved)
    return saved
  }

  async committed(saved: StoredMoments): Promise<void> {
    this.generations.commit(saved)
    await this.generations.collect()
  }

  async restore(saved: StoredMoments, step: number): Promise<void> {
    if (saved.elements !== this.options.layout.elements) {
      throw new Error(`moments of ${saved.elements} elements do not fit ${this.options.layout.elements}`)
    }
    this.generations.protect(saved)
    await this.generations.collectAll()
    for (const state of this.states) {
      throwIfCancelled(this.options.signal, 'Cancelled while the moments were restored')
      const { page } = state
      state.generation = step
      const same = saved.pages.find(
        ({ firstElement, elements }) => firstElement === page.firstElement && elements === page.elements,
      )
      state.stored = same ? { page: same, generation: step } : null
      if (page.home === 'store' && same) continue
      const bytes = await gatherMoments(this.generations, saved, page)
      if (page.pinned) this.options.executable.write(state.range, bytes)
      else if (page.home === 'host') state.bytes = Promise.resolve(this.keep(state, bytes))
      else await this.putBehind(state, step, Promise.resolve(bytes))
    }
    this.lookAhead()
  }

  statistics(): PagingStatistics {
    return {
      pageBytes: this.options.layout.pageBytes,
      residency: this.states.map((state) => this.residency(state)),
      ...this.totals,
      hostBytes: this.hostBytes(),
      degraded: this.degraded,
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.loads.values(), ...this.transfers, ...this.puts])
    await this.collecting
    await this.generations.collect()
  }

  private updatePage(state: PageState, step: number): void {
    this.options.executable.run(UPDATE_STAGE.page(state.page.index))
    state.generation = step
  }

  private updatePinned(step: number): void {
    for (const state of this.states) {
      if (!state.page.pinned) continue
      this.totals.hits++
      this.updatePage(state, step)
    }
  }

  /** Starts to bring a page into its slot, whose occupant has been read back. */
  private load(state: PageState): void {
    const load = this.bytesOf(state).then((bytes) => {
      this.options.executable.write(state.range, bytes.subarray(0, state.page.sizeBytes))
      this.totals.bytesToGpu += state.page.sizeBytes
      this.occupants.set(state.page.slot, state)
      // The slot's bytes will be newer.
      state.bytes = null
      state.awaited = false
    })
    // Whoever waits for it hears of a failure.
    load.catch(() => {})
    this.loads.set(state, load)
  }

  /** Current bytes of a page that is not on the GPU. */
  private bytesOf(state: PageState): Promise<Uint8Array<ArrayBuffer>> {
    if (!state.bytes && state.generation === 0) {
      this.totals.hostMisses++
      return Promise.resolve(this.zeros)
    }
    const bytes = state.bytes ?? this.fetch(state)
    if (state.fetched) this.totals.storeMisses++
    else this.totals.hostMisses++
    return bytes
  }

  /** Fetches what the next step needs first: during its forward and backward. */
  private lookAhead(): void {
    const next = this.forward ? this.streamed : [...this.streamed].reverse()
    const missing = next.filter((state) => !this.isOnGpu(state)).slice(0, 2)
    for (const state of missing) {
      state.awaited = true
      if (!state.bytes && state.generation > 0) this.fetch(state)
    }
  }

  private fetch(state: PageState): Promise<Uint8Array<ArrayBuffer>> {
    if (!state.stored) throw new Error(`page ${state.page.index} is nowhere`)
    const fetched = this.generations.get(state.stored.page, (error) => this.degrade(error))
    this.totals.bytesFromStore += state.page.sizeBytes
    fetched.catch(() => {})
    state.bytes = fetched
    state.fetched = true
    return fetched
  }

  /** Reads a page back behind its update, and lets it go on into the store if it is at home there. */
  private async writeBehind(state: PageState): Promise<void> {
    const { executable } = this.options
    const { page, generation, range } = state
    const goesOn = page.home === 'store' && !this.degraded
    while (this.transfers.size >= executable.plan.transferBuffers.length)
      await this.waited(Promise.race(this.transfers))
    while (goesOn && this.puts.size >= PUTS) await this.waited(Promise.race(this.puts))
    const memory = goesOn ? new Uint8Array(page.sizeBytes) : this.memoryOf(state)
    const arrived = executable.captureInto(range, memory).then(() => memory)
    const transfer: Promise<void> = arrived.then(
      () => {},
      () => {},
    )
    this.transfers.add(transfer)
    transfer.then(() => this.transfers.delete(transfer))
    this.totals.bytesFromGpu += page.sizeBytes
    this.occupants.delete(page.slot)
    state.bytes = arrived
    state.fetched = false
    this.totals.peakHostBytes = Math.max(this.totals.peakHostBytes, this.hostBytes())
    if (!goesOn) return
    const put = this.putBehind(state, generation, arrived)
    this.puts.add(put)
    put.then(() => this.puts.delete(put))
  }

  /** Never rejects: a page that the store does not take stays in host memory. */
  private async putBehind(
    state: PageState,
    generation: number,
    arriving: Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    let bytes: Uint8Array<ArrayBuffer>
    try {
      bytes = await arriving
    } catch {
      // The device is gone: the next call to it says so.
      return
    }
    try {
      await this.put(state, bytes, generation)
      if (state.bytes === arriving && !state.awaited && !this.degraded) state.bytes = null
    } catch (error) {
      if (state.generation === generation && !this.isOnGpu(state)) state.bytes = arriving
      this.degrade(error)
    }
  }

  private async put(
    state: PageState,
    bytes: Uint8Array<ArrayBuffer>,
    generation = state.generation,
  ): Promise<void> {
    this.totals.bytesToStore += state.page.sizeBytes
    const page = await this.generations.put(state.page, generation, bytes)
    // Two generations of a page may be on their way at once, and the older one may arrive last.
    if (state.stored && state.stored.generation > generation) {
      this.generations.supersede(page)
      return
    }
    if (state.stored && state.stored.page.key !== page.key) this.generations.supersede(state.stored.page)
    state.stored = { page, generation }
  }

  /** Current bytes, wherever they are. */
  private async current(state: PageState): Promise<Uint8Array<ArrayBuffer>> {
    if (this.isOnGpu(state)) return this.options.executable.read(state.range)
    if (state.generation === 0) return this.zeros.slice(0, state.page.sizeBytes)
    return state.bytes ?? this.fetch(state)
  }

  private isOnGpu(state: PageState): boolean {
    return state.page.pinned || this.occupants.get(state.page.slot) === state
  }

  private residency(state: PageState): Residency {
    if (this.isOnGpu(state)) return 'gpu'
    return state.bytes || state.generation === 0 ? 'host' : 'store'
  }

  private hostBytes(): number {
    return this.states.reduce(
      (sum, { page, memory, bytes }) => sum + (memory || bytes ? page.sizeBytes : 0),
      0,
    )
  }

  private memoryOf(state: PageState): Uint8Array<ArrayBuffer> {
    state.memory ??= new Uint8Array(state.page.sizeBytes)
    return state.memory
  }

  private keep(state: PageState, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    state.memory = bytes
    return bytes
  }

  private degrade(error: unknown): void {
    if (this.degraded) return
    this.degraded = true
    this.options.onWarning?.({
      code: 'paging/store-failed',
      message: `The page store failed (${reasonOf(error)}); Adam's moments stay in memory from here on, and training goes on`,
      fix: 'Free space on the disk. Until the store takes them again, checkpoints cannot be kept; nothing is lost as long as the run goes on.',
    })
  }

  /** Notes when the GPU has come to the update: waiting before that costs it nothing. */
  private watchQueue(): void {
    this.gpuReached = Number.POSITIVE_INFINITY
    const reached = () => {
      this.gpuReached = performance.now()
    }
    this.options.executable.idle().then(reached, reached)
  }

  private async waited<T>(promise: Promise<T>): Promise<T> {
    const from = performance.now()
    try {
      return await promise
    } finally {
      this.totals.stallMs += Math.max(0, performance.now() - Math.max(from, this.gpuReached))
    }
  }
}
