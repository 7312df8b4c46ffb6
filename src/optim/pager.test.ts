import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ParameterPool } from '../graph/pool.ts'
import { hashWord, uniform } from '../util/random.ts'
import type { PagingWarning } from './moments.ts'
import type { StoredMoments } from './page-generations.ts'
import { layOutPages, type PageLayout, type PagingBudgets } from './page-layout.ts'
import { MemoryPageStore, type PageStore } from './page-store.ts'
import { Pager } from './pager.ts'
import { FaultyPageStore, type StoreOperation } from './testing/faulty-page-store.ts'
import { QueueExecutable } from './testing/queue-executable.ts'
import { turns } from './testing/turns.ts'
import { updatePlan } from './testing/update-plan.ts'

/** A pool of `granules` × 64 elements. */
function poolOf(granules: number): ParameterPool {
  const pool = new ParameterPool('adapter')
  pool.add('weight', [granules * 64])
  return pool
}

const layoutOf = (pool: ParameterPool, budgets: Partial<PagingBudgets>): PageLayout => {
  const layout = layOutPages(pool.elements, {
    gpuBudgetBytes: 0,
    hostBudgetBytes: null,
    pageBytes: null,
    ...budgets,
  })
  if (!layout) throw new Error('not paged')
  return layout
}

/** Turns of the event loop for the nth asynchronous thing: differs from seed to seed. */
function delays(seed: number): () => number {
  let count = 0
  return () => hashWord(seed, count++) % 4
}

const floats = (bytes: Uint8Array<ArrayBuffer>) =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)

function writeInputs(executable: QueueExecutable, step: number): void {
  const gradients = floats(executable.contents('adapter.gradient'))
  for (let i = 0; i < gradients.length; i++) gradients[i] = uniform(9, step, i) - 0.5
  executable.setStep({ step })
}

function startValues(executable: QueueExecutable): void {
  const values = floats(executable.contents('adapter'))
  for (let i = 0; i < values.length; i++) values[i] = uniform(5, i) - 0.5
}

/** Values and moments after `steps` unpaged steps. */
function unpaged(granules: number, steps: number): { values: Uint8Array; m: Uint8Array; v: Uint8Array } {
  const executable = new QueueExecutable(updatePlan(poolOf(granules), null))
  startValues(executable)
  for (let step = 1; step <= steps; step++) {
    writeInputs(executable, step)
    executable.run('update')
  }
  return {
    values: executable.contents('adapter'),
    m: executable.contents('adapter.m'),
    v: executable.contents('adapter.v'),
  }
}

interface Paged {
  executable: QueueExecutable
  pager: Pager
  warnings: PagingWarning[]
  layout: PageLayout
}

function paged(granules: number, budgets: Partial<PagingBudgets>, store: PageStore, seed = 1): Paged {
  const pool = poolOf(granules)
  const layout = layoutOf(pool, budgets)
  const executable = new QueueExecutable(updatePlan(pool, layout), delays(seed))
  const warnings: PagingWarning[] = []
  startValues(executable)
  const pager = new Pager({
    executable,
    pool,
    layout,
    store,
    run: 'run',
    onWarning: (warning) => warnings.push(warning),
  })
  return { executable, pager, warnings, layout }
}

async function runSteps({ executable, pager }: Paged, from: number, to: number): Promise<void> {
  for (let step = from; step <= to; step++) {
    writeInputs(executable, step)
    await pager.update(step)
  }
}

/** m and v of all pages, in the order of their elements. */
async function storedMoments(
  store: MemoryPageStore,
  { pages }: StoredMoments,
): Promise<{ m: Uint8Array; v: Uint8Array }> {
  const halves: [Uint8Array[], Uint8Array[]] = [[], []]
  for (const { key, elements } of pages) {
    const bytes = await store.get(key)
    if (!bytes) throw new Error(`${key} is missing`)
    halves[0].push(bytes.slice(0, elements * 4))
    halves[1].push(bytes.slice(elements * 4))
  }
  const [m, v] = halves.map((pieces) => Uint8Array.from(pieces.flatMap((piece) => [...piece])))
  return { m, v }
}

const PAGE = 2 * 512
/** 11 pages of two granules, the last one half as long; two slots, and a third page pinned. */
const CASE = { granules: 21, budgets: { gpuBudgetBytes: 3 * PAGE, hostBudgetBytes: 0, pageBytes: PAGE } }

describe('Pager', () => {
  it('gives the bytes of an unpaged update, for any sizes, budgets and delays', async () => {
    const bytes = fc.constantFrom(0, 512, 1500, 3000, 6000, 12_000, 24_000)
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        bytes,
        fc.option(bytes),
        fc.option(fc.constantFrom(512, 1024, 2048)),
        fc.integer(),
        fc.integer({ min: 1, max: 5 }),
        async (granules, gpuBudgetBytes, hostBudgetBytes, pageBytes, seed, steps) => {
          const store = new FaultyPageStore({ delay: delays(seed) })
          const run = paged(granules, { gpuBudgetBytes, hostBudgetBytes, pageBytes }, store, seed)
          await runSteps(run, 1, steps)
          const expected = unpaged(granules, steps)
          expect(run.executable.contents('adapter')).toEqual(expected.values)
          const { m, v } = await storedMoments(store.memory, await run.pager.save())
          expect(m).toEqual(expected.m)
          expect(v).toEqual(expected.v)
          expect(run.warnings).toEqual([])
          await run.pager.settled()
        },
      ),
      { numRuns: 60 },
    )
  })

  it('counts hits, misses and bytes of every tier', async () => {
    const run = paged(20, { ...CASE.budgets, hostBudgetBytes: 7 * PAGE }, new MemoryPageStore())
    expect(run.layout.streamed.map(({ home }) => home[0]).join('')).toBe('sshsshssh')
    await runSteps(run, 1, 1)
    await run.pager.settled()
    // Two streamed pages are still in their slots, three of the others are at home in host memory.
    expect(run.pager.statistics()).toMatchObject({
      hits: 1,
      hostMisses: 9,
      storeMisses: 0,
      bytesToGpu: 9 * PAGE,
      bytesFromGpu: 7 * PAGE,
      bytesToStore: 5 * PAGE,
    })
    await runSteps(run, 2, 2)
    await run.pager.settled()
    const { hits, hostMisses, storeMisses, bytesToGpu, bytesFromGpu, stallMs, residency, degraded } =
      run.pager.statistics()
    expect({ hits, misses: hostMisses + storeMisses, bytesToGpu, bytesFromGpu, degraded }).toEqual({
      hits: 1 + 3,
      misses: 9 + 7,
      bytesToGpu: 16 * PAGE,
      bytesFromGpu: 14 * PAGE,
      degraded: false,
    })
    expect(storeMisses).toBeGreaterThan(0)
    expect(stallMs).toBeGreaterThanOrEqual(0)
    expect(residency.filter((place) => place === 'gpu')).toHaveLength(3)
    expect(residency[1]).toBe('gpu')
    expect(residency[2]).toBe('gpu')
  })

  it('fetches a page while those before it update, and the first ones during the step’s forward and backward', async () => {
    const store = new FaultyPageStore()
    const run = paged(CASE.granules, CASE.budgets, store)
    await runSteps(run, 1, 2)
    await run.pager.settled()
    const { log } = run.executable
    store.log = log
    log.length = 0
    await runSteps(run, 3, 3)
    const at = (entry: string) => log.findIndex((known) => known.startsWith(entry))
    const get = (page: number) => at(`get run/moments/${page * 128}-`)
    // Pages 1 and 2 were left in their slots, 3 and 4 are here already.
    expect([1, 2, 3, 4].map(get)).toEqual([-1, -1, -1, -1])
    for (let page = 5; page <= 10; page++) {
      expect(get(page)).toBeGreaterThan(0)
      expect(get(page)).toBeLessThan(at(`run update/page/${page - 1}`))
    }
    for (let page = 1; page <= 6; page++) {
      expect(at(`put run/moments/${page * 128}-`)).toBeLessThan(at(`run update/page/${page + 4}`))
    }
  })

  it('never takes an older generation that becomes durable late for the current one', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const store = new (class extends MemoryPageStore {
      private puts = 0

      override async put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
        if (this.puts++ === 0) await held
        await super.put(key, bytes)
      }
    })()
    const run = paged(CASE.granules, CASE.budgets, store)
    // The page whose first put is held is written behind again in step 3, and is in no slot after it.
    await runSteps(run, 1, 3)
    await turns(50)
    release()
    await run.pager.settled()
    const { m, v } = await storedMoments(store, await run.pager.save())
    const expected = unpaged(CASE.granules, 3)
    expect(m).toEqual(expected.m)
    expect(v).toEqual(expected.v)
    await runSteps(run, 4, 6)
    expect(run.executable.contents('adapter')).toEqual(unpaged(CASE.granules, 6).values)
  })

  it('keeps within the host budget', async () => {
    const hostBudgetBytes = 8 * PAGE
    const run = paged(
      60,
      { gpuBudgetBytes: 0, pageBytes: PAGE, hostBudgetBytes },
      new FaultyPageStore({ delay: delays(3) }),
    )
    await runSteps(run, 1, 4)
    const { peakHostBytes, residency } = run.pager.statistics()
    expect(peakHostBytes).toBeLessThanOrEqual(hostBudgetBytes)
    expect(residency).toContain('store')
  })

  it('keeps few generations in the store', async () => {
    const store = new MemoryPageStore()
    const run = paged(CASE.granules, CASE.budgets, store)
    await runSteps(run, 1, 3)
    await run.pager.committed(await run.pager.save())
    await runSteps(run, 4, 9)
    await run.pager.settled()
    // What the checkpoint names, and what is current.
    expect(store.values.size).toBeLessThanOrEqual(2 * run.layout.pages.length)
    const keys = [...store.values.keys()]
    expect(keys.filter((key) => key.endsWith('.3'))).toHaveLength(run.layout.pages.length)
    await run.pager.committed(await run.pager.save())
    expect([...store.values.keys()].every((key) => key.endsWith('.9'))).toBe(true)
  })
})

describe('a store that fails', () => {
  const steps = 3
  const expected = unpaged(CASE.granules, steps)

  async function withFaults(fails: (operation: StoreOperation, count: number) => boolean): Promise<Paged> {
    const run = paged(CASE.granules, CASE.budgets, new FaultyPageStore({ fails, delay: delays(2) }))
    await runSteps(run, 1, steps)
    await run.pager.settled()
    return run
  }

  it('changes nothing but one warning, whichever operation fails', async () => {
    const healthy = new FaultyPageStore()
    await runSteps(paged(CASE.granules, CASE.budgets, healthy), 1, steps)
    expect(healthy.operations).toBeGreaterThan(30)
    for (let failing = 0; failing < healthy.operations; failing++) {
      let failed: StoreOperation | null = null
      const run = await withFaults((operation, count) => {
        if (count === failing) failed = operation
        return count === failing
      })
      expect(run.executable.contents('adapter')).toEqual(expected.values)
      expect(run.warnings).toHaveLength(failed === 'put' || failed === 'get' ? 1 : 0)
    }
  })

  it('that is full from some page on leaves the rest in host memory', async () => {
    for (let from = 0; from < 24; from += 3) {
      const run = await withFaults((operation, count) => operation === 'put' && count >= from)
      expect(run.executable.contents('adapter')).toEqual(expected.values)
      expect(run.warnings.map(({ code }) => code)).toEqual(['paging/store-failed'])
      expect(run.pager.statistics().degraded).toBe(true)
    }
  })

  describe('and gives nothing', () => {
    /** Lets time go by as fast as nothing else is under way. */
    async function hurried<T>(run: Promise<T>): Promise<T> {
      let over = false
      const end = () => {
        over = true
      }
      run.then(end, end)
      while (!over) {
        await turns(20)
        vi.advanceTimersByTime(100)
      }
      return run
    }
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout'] })
    })
    afterEach(() => {
      vi.useRealTimers()
    })

    it('until there is room on its disk again is waited for, to the same bytes and with one warning', async () => {
      let full = false
      let failures = 0
      const run = await hurried(
        withFaults((operation) => {
          if (operation === 'get' && failures === 0) {
            full = true
            setTimeout(() => {
              full = false
            }, 30_000)
          }
          if (full) failures++
          return full
        }),
      )
      expect(failures).toBeGreaterThan(3)
      expect(run.executable.contents('adapter')).toEqual(expected.values)
      expect(run.warnings).toHaveLength(1)
    })

    it('for a minute ends the run with words, not with wrong numbers', async () => {
      const fails = (operation: StoreOperation) => operation === 'get'
      await expect(hurried(withFaults(fails))).rejects.toMatchObject({
        code: 'paging/lost-page',
        message: expect.stringContaining('get was made to fail'),
        hint: expect.stringContaining('Free space on the disk'),
      })
    })
  })

  it('that gives other bytes than it was given is found out', async () => {
    const store = new MemoryPageStore()
    const get = store.get.bind(store)
    store.get = async (key) => {
      const bytes = await get(key)
      if (bytes) bytes[5] ^= 1
      return bytes
    }
    await expect(runSteps(paged(CASE.granules, CASE.budgets, store), 1, 3)).rejects.toMatchObject({
      code: 'paging/lost-page',
    })
  })
})

describe('a checkpoint', () => {
  const layouts: [name: string, granules: number, budgets: Partial<PagingBudgets>][] = [
    ['the same layout', CASE.granules, CASE.budgets],
    ['other pages', CASE.granules, { gpuBudgetBytes: 5 * 512, pageBytes: 512, hostBudgetBytes: 0 }],
    ['everything on the GPU', CASE.granules, { gpuBudgetBytes: 1e6 }],
    ['everything in host memory', CASE.granules, { gpuBudgetBytes: 0 }],
  ]

  it.each(layouts)('goes on to the same bytes with %s', async (_, granules, budgets) => {
    const store = new MemoryPageStore()
    const first = paged(granules, CASE.budgets, store)
    await runSteps(first, 1, 3)
    const saved = await first.pager.save()
    await first.pager.committed(saved)
    const values = first.executable.contents('adapter').slice()
    // The run goes on and is killed: what it wrote since is in the store too.
    await runSteps(first, 4, 5)
    await first.pager.settled()

    const second = paged(granules, budgets, store)
    second.executable.contents('adapter').set(values)
    await second.pager.restore(structuredClone(saved), 3)
    expect([...store.values.keys()].filter((key) => !key.endsWith('.3'))).toEqual([])
    await runSteps(second, 4, 8)
    expect(second.executable.contents('adapter')).toEqual(unpaged(granules, 8).values)
  })

  it('outlives a kill after any operation of the store', async () => {
    const { granules, budgets } = CASE
    const snapshots: { store: MemoryPageStore; saved: StoredMoments; values: Uint8Array }[] = []
    const store = new MemoryPageStore()
    let committed: { saved: StoredMoments; values: Uint8Array } | null = null
    const put = store.put.bind(store)
    store.put = async (key, bytes) => {
      await put(key, bytes)
      if (!committed) return
      const copy = new MemoryPageStore()
      for (const [name, value] of store.values) copy.values.set(name, value.slice())
      snapshots.push({ store: copy, ...committed })
    }
    const run = paged(granules, budgets, store)
    for (let step = 1; step <= 5; step++) {
      await runSteps(run, step, step)
      if (step % 2 === 1) continue
      const saved = await run.pager.save()
      committed = { saved, values: run.executable.contents('adapter').slice() }
      await run.pager.committed(saved)
    }
    expect(snapshots.length).toBeGreaterThan(15)
    for (const { store: left, saved, values } of snapshots) {
      const next = paged(granules, budgets, left)
      next.executable.contents('adapter').set(values)
      const step = Number(saved.pages[0].key.split('.').at(-1))
      await next.pager.restore(saved, step)
      await runSteps(next, step + 1, 6)
      expect(next.executable.contents('adapter')).toEqual(unpaged(granules, 6).values)
    }
  })
})
