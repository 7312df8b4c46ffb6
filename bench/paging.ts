import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Runtime } from '../src/graph/executable.ts'
import { openFilePageStore } from '../src/host/file-page-store.ts'
import type { PageStore } from '../src/optim/page-store.ts'
import { createMoments } from '../src/train/create-moments.ts'
import { STAGE } from '../src/train/program.ts'
import type { BenchShape } from './shapes.ts'
import { median, prepareTraining } from './training.ts'

/** Where the pages that the GPU has no room for live. */
export type Tier = 'host' | 'store'

/** Shares of the moments that fit the GPU budget; 0 is the least that works, two pages. */
const GPU_SHARES = [1, 0.5, 0.1, 0]

/** With all moments on the GPU there is no other tier. */
export const pagingCases = (): { tier: Tier; gpuShare: number }[] =>
  GPU_SHARES.flatMap((gpuShare) =>
    (gpuShare < 1 ? (['host', 'store'] as const) : (['host'] as const)).map((tier) => ({ tier, gpuShare })),
  )

export interface PagingTimes {
  shape: string
  tier: Tier
  gpuShare: number
  momentsBytes: number
  pageBytes: number
  pages: number
  pagesOnGpu: number
  /** Of the store alone, one page after the other, durable; null where pages stay in host memory. */
  storePutMBps: number | null
  storeGetMBps: number | null
  /** Per step, over the timed steps: the median time, the mean of what the update waited for pages. */
  stepMs: number
  stallMs: number
  hitRate: number
  bytesToGpu: number
  bytesFromGpu: number
  bytesToStore: number
  bytesFromStore: number
  steps: number
}

/** Times whole steps with the moments paged, the first two (which fill the tiers) left out. */
export async function timePaging(
  runtime: Runtime,
  name: string,
  shape: BenchShape,
  { tier, gpuShare, steps }: { tier: Tier; gpuShare: number; steps: number },
): Promise<PagingTimes> {
  const folder = await mkdtemp(join(tmpdir(), 'nibble-paging-'))
  const store = await openFilePageStore(folder)
  const { program: whole, executable: probe } = await prepareTraining(runtime, shape)
  probe.destroy()
  const momentsBytes = (whole.pool?.elements ?? 0) * 8
  const { program, executable } = await prepareTraining(runtime, shape, {
    gpuBudgetBytes: Math.floor(momentsBytes * gpuShare),
    hostBudgetBytes: tier === 'host' ? null : 0,
  })
  try {
    const layout = program.pages
    if (!layout) throw new Error('nothing is paged')
    const moments = createMoments(program, executable, { store, run: 'bench' })
    const times: number[] = []
    let before = moments.statistics()
    for (let step = 1; step <= steps + 2; step++) {
      if (step === 3) before = moments.statistics()
      const from = performance.now()
      executable.run(STAGE.begin)
      executable.run(STAGE.train(shape))
      await moments.update(step)
      await executable.idle()
      if (step > 2) times.push(performance.now() - from)
    }
    const after = moments.statistics()
    await moments.settled()
    if (!before || !after) throw new Error('nothing is paged')
    const perStep = (key: 'stallMs' | 'bytesToGpu' | 'bytesFromGpu' | 'bytesToStore' | 'bytesFromStore') =>
      (after[key] - before[key]) / steps
    const hits = after.hits - before.hits
    const misses = after.hostMisses + after.storeMisses - before.hostMisses - before.storeMisses
    const speeds = tier === 'store' ? await storeSpeeds(store, layout.pageBytes) : null
    return {
      shape: name,
      tier,
      gpuShare,
      momentsBytes,
      pageBytes: layout.pageBytes,
      pages: layout.pages.length,
      pagesOnGpu: layout.slots.length,
      storePutMBps: speeds?.putMBps ?? null,
      storeGetMBps: speeds?.getMBps ?? null,
      stepMs: median(times),
      stallMs: perStep('stallMs'),
      hitRate: hits / (hits + misses),
      bytesToGpu: perStep('bytesToGpu'),
      bytesFromGpu: perStep('bytesFromGpu'),
      bytesToStore: perStep('bytesToStore'),
      bytesFromStore: perStep('bytesFromStore'),
      steps,
    }
  } finally {
    executable.destroy()
    await rm(folder, { recursive: true, force: true })
  }
}

async function storeSpeeds(
  store: PageStore,
  pageBytes: number,
): Promise<{ putMBps: number; getMBps: number }> {
  const bytes = new Uint8Array(pageBytes).map((_, i) => i)
  const keys = Array.from({ length: 8 }, (_, i) => `speed/${i}`)
  const speed = async (use: (key: string) => Promise<unknown>) => {
    const from = performance.now()
    for (const key of keys) await use(key)
    return (keys.length * pageBytes) / 1000 / (performance.now() - from)
  }
  const putMBps = await speed((key) => store.put(key, bytes))
  const getMBps = await speed((key) => store.get(key))
  return { putMBps, getMBps }
}
