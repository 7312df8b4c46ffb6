import type { Executable } from '../graph/executable.ts'
import type { BufferRange } from '../graph/plan.ts'
import type { ElementRange, ParameterPool } from '../graph/pool.ts'
import { throwIfCancelled } from '../util/abort.ts'
import type { Moments } from './moments.ts'
import { gatherMoments, PageGenerations, type StoredMoments, type StoredPage } from './page-generations.ts'
import type { PageStore } from './page-store.ts'
import { UPDATE_STAGE } from './record-update.ts'

export interface WholeMomentsOptions {
  executable: Executable
  pool: ParameterPool
  store: PageStore
  /** Prefix of all keys in the store. */
  run: string
  /** Ends a restoration, and waiting for a store that fails. */
  signal?: AbortSignal
}

/** f32 elements that are saved in one piece: 4 MiB of both moments. */
const PIECE_ELEMENTS = 1 << 19

/** Adam's moments that are all on the GPU. A checkpoint holds them in pages as the pager's does, and reads either. */
export class WholeMoments implements Moments {
  private readonly generations: PageGenerations
  private step = 0

  constructor(private readonly options: WholeMomentsOptions) {
    this.generations = new PageGenerations(options.store, options.run, options.signal)
  }

  async update(step: number): Promise<void> {
    this.options.executable.run(UPDATE_STAGE.whole)
    this.step = step
  }

  async save(): Promise<StoredMoments> {
    const pages: StoredPage[] = []
    try {
      for (const range of this.pieces()) pages.push(await this.put(range))
    } catch (error) {
      for (const page of pages) this.generations.supersede(page)
      await this.generations.collect()
      throw error
    }
    const saved = { elements: this.options.pool.elements, pages }
    this.generations.protect(saved)
    return saved
  }

  async committed(saved: StoredMoments): Promise<void> {
    this.generations.commit(saved)
    await this.generations.collect()
  }

  async restore(saved: StoredMoments, step: number): Promise<void> {
    this.generations.protect(saved)
    await this.generations.collectAll()
    for (const range of this.pieces()) {
      throwIfCancelled(this.options.signal, 'Cancelled while the moments were restored')
      const bytes = await gatherMoments(this.generations, saved, range)
      const half = range.elements * 4
      this.options.executable.write(this.part('m', range), bytes.subarray(0, half))
      this.options.executable.write(this.part('v', range), bytes.subarray(half))
    }
    this.step = step
  }

  statistics(): null {
    return null
  }

  async settled(): Promise<void> {}

  private async put(range: ElementRange & { segment: number }): Promise<StoredPage> {
    const { executable } = this.options
    const bytes = new Uint8Array(range.elements * 8)
    bytes.set(await executable.read(this.part('m', range)), 0)
    bytes.set(await executable.read(this.part('v', range)), range.elements * 4)
    return this.generations.put(range, this.step, bytes)
  }

  private pieces(): (ElementRange & { segment: number })[] {
    const { pool } = this.options
    return Array.from({ length: Math.ceil(pool.elements / PIECE_ELEMENTS) }, (_, index) =>
      pool.cut({ firstElement: index * PIECE_ELEMENTS, elements: PIECE_ELEMENTS }),
    ).flat()
  }

  private part(
    moment: 'm' | 'v',
    { segment, firstElement, elements }: ElementRange & { segment: number },
  ): BufferRange {
    const { executable, pool } = this.options
    const whole = executable.plan.tensors[pool.companion(moment)[segment].name]
    const first = firstElement - pool.segments[segment].firstElement
    return { buffer: whole.buffer, offset: whole.offset + first * 4, sizeBytes: elements * 4 }
  }
}
