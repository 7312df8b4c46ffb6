import { describe, expect, test } from 'vitest'
import type { Executable } from '../graph/executable.ts'
import type { StepParams } from '../graph/kernel.ts'
import { ParameterPool } from '../graph/pool.ts'
import { laneRuntime } from '../ops/testing/lane-runtime.ts'
import { uniform } from '../util/random.ts'
import { layOutPages, type PagingBudgets } from './page-layout.ts'
import { MemoryPageStore, type PageStore } from './page-store.ts'
import { Pager } from './pager.ts'
import { FaultyPageStore } from './testing/faulty-page-store.ts'
import { updatePlan } from './testing/update-plan.ts'

const STEPS = 4

/** Tensors of odd sizes: gaps of alignment between them, 37,440 elements in all, 585 granules. */
function oddPool(maxSegmentBytes?: number): ParameterPool {
  const pool = new ParameterPool('adapter', 'adapters', maxSegmentBytes)
  for (const shape of [
    [3, 1001],
    [7, 7],
    [1, 129],
    [257, 131],
    [1, 1],
  ])
    pool.add(shape.join('×'), shape)
  return pool
}

const POOL_BYTES = oddPool().elements * 8

const random = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => uniform(seed, i) - 0.5)

/** Step 3 has a gradient that is not finite: every page must leave everything as it is. */
function startStep(executable: Executable, pool: ParameterPool, step: number): void {
  const gradients = random(pool.elements, 100 + step)
  if (step === 3) gradients[5] = Number.POSITIVE_INFINITY
  write(executable, pool, gradients, '.gradient')
  const values: Partial<StepParams> = {
    learningRate: 0.01 / step,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    maxGradNorm: 0.3,
    biasCorrection1: 1 - 0.9 ** step,
    biasCorrection2: 1 - 0.999 ** step,
  }
  executable.setStep(values)
}

function write(executable: Executable, pool: ParameterPool, values: Float32Array, suffix = ''): void {
  for (const { key, firstElement, elements } of pool.segments)
    executable.write(
      executable.plan.tensors[key + suffix],
      values.slice(firstElement, firstElement + elements),
    )
}

async function readValues(executable: Executable, pool: ParameterPool): Promise<Float32Array> {
  const values = new Float32Array(pool.elements)
  for (const { key, firstElement } of pool.segments)
    values.set(new Float32Array((await executable.read(executable.plan.tensors[key])).buffer), firstElement)
  return values
}

async function unpaged(maxSegmentBytes?: number): Promise<Float32Array> {
  const runtime = await laneRuntime()
  const pool = oddPool(maxSegmentBytes)
  const executable = await runtime.realise(updatePlan(pool, null, runtime.traits))
  write(executable, pool, random(pool.elements, 1))
  for (let step = 1; step <= STEPS; step++) {
    startStep(executable, pool, step)
    executable.run('update')
  }
  const values = await readValues(executable, pool)
  executable.destroy()
  return values
}

interface PagedOptions {
  resumeAt?: number
  maxSegmentBytes?: number
}

async function paged(
  budgets: Partial<PagingBudgets>,
  store: PageStore,
  { resumeAt, maxSegmentBytes }: PagedOptions = {},
) {
  const runtime = await laneRuntime()
  const pool = oddPool(maxSegmentBytes)
  const layout = layOutPages(pool.elements, {
    gpuBudgetBytes: 0,
    hostBudgetBytes: null,
    pageBytes: null,
    ...budgets,
  })
  if (!layout) throw new Error('not paged')
  const plan = updatePlan(pool, layout, runtime.traits)
  const warnings: string[] = []
  const begin = async () => {
    const executable = await runtime.realise(plan)
    expect(executable.allocatedBytes).toBe(plan.totalBytes)
    const options = {
      executable,
      pool,
      layout,
      store,
      run: 'run',
      onWarning: ({ code }: { code: string }) => warnings.push(code),
    }
    return { executable, pager: new Pager(options) }
  }
  let { executable, pager } = await begin()
  write(executable, pool, random(pool.elements, 1))
  for (let step = 1; step <= STEPS; step++) {
    startStep(executable, pool, step)
    await pager.update(step)
    if (step !== resumeAt) continue
    const saved = await pager.save()
    const values = await readValues(executable, pool)
    await pager.settled()
    executable.destroy()
    ;({ executable, pager } = await begin())
    write(executable, pool, values)
    await pager.restore(saved, step)
  }
  await pager.settled()
  const values = await readValues(executable, pool)
  executable.destroy()
  return { values, warnings, plan, layout, statistics: pager.statistics() }
}

describe('AdamW in pages on the GPU', () => {
  test('the pool is odd', () => {
    expect(POOL_BYTES % (4 * 512)).not.toBe(0)
  })

  const budgets: [name: string, budgets: Partial<PagingBudgets>][] = [
    ['0 %', { gpuBudgetBytes: 0 }],
    ['0 %, all through the store', { gpuBudgetBytes: 0, hostBudgetBytes: 0 }],
    ['10 %', { gpuBudgetBytes: Math.floor(POOL_BYTES / 10) }],
    [
      '50 %, some in host memory',
      { gpuBudgetBytes: POOL_BYTES / 2, pageBytes: 13 * 512, hostBudgetBytes: POOL_BYTES / 4 },
    ],
    ['100 %', { gpuBudgetBytes: POOL_BYTES, pageBytes: 100 * 512 }],
  ]

  test.each(budgets)('gives the bytes of the unpaged update at a budget of %s', async (_, choice) => {
    const expected = await unpaged()
    const { values, warnings, plan, layout } = await paged(choice, new MemoryPageStore())
    expect(values).toEqual(expected)
    expect(warnings).toEqual([])
    expect(plan.bytes.optimizer).toBe(layout.slots.reduce((sum, bytes) => sum + bytes, 0))
    const least = 2 * layout.pageBytes
    expect(plan.bytes.optimizer).toBeLessThanOrEqual(Math.max(choice.gpuBudgetBytes ?? 0, least))
  })

  test('gives the bytes of the unpaged update where the pool lies in several buffers that no page heeds', async () => {
    const maxSegmentBytes = 257 * 131 * 4
    const segments = oddPool(maxSegmentBytes).segments.map(({ elements }) => elements)
    expect(segments).toEqual([3264, 33728, 64])
    const expected = await unpaged(maxSegmentBytes)
    for (const gpuBudgetBytes of [0, POOL_BYTES / 3]) {
      const { values } = await paged({ gpuBudgetBytes, pageBytes: 5 * 512 }, new MemoryPageStore(), {
        maxSegmentBytes,
      })
      expect(values).toEqual(expected)
    }
  })

  test('goes on from a checkpoint to the same bytes', async () => {
    const expected = await unpaged()
    for (const step of [1, 2]) {
      const { values } = await paged(
        { gpuBudgetBytes: POOL_BYTES / 4, hostBudgetBytes: 0 },
        new MemoryPageStore(),
        { resumeAt: step },
      )
      expect(values).toEqual(expected)
    }
  })

  test('gives the same bytes with one warning when the store fails or fills', async () => {
    const expected = await unpaged()
    const choice = { gpuBudgetBytes: POOL_BYTES / 10, hostBudgetBytes: 0 }
    for (const from of [0, 7, 30]) {
      const store = new FaultyPageStore({ fails: (operation, count) => operation === 'put' && count >= from })
      const { values, warnings, statistics } = await paged(choice, store)
      expect(values).toEqual(expected)
      expect(warnings).toEqual(['paging/store-failed'])
      expect(statistics.degraded).toBe(true)
    }
  })
})
