import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { RunConfigInput } from '../config/schema.ts'
import { ParameterPool } from '../graph/pool.ts'
import { layOutPages } from '../optim/page-layout.ts'
import { MemoryPageStore, type PageStore } from '../optim/page-store.ts'
import { QueueExecutable } from '../optim/testing/queue-executable.ts'
import { updatePlan } from '../optim/testing/update-plan.ts'
import { StudioError } from '../util/errors.ts'
import { uniform } from '../util/random.ts'
import { ARITHMETIC } from './arithmetic.ts'
import {
  CheckpointWriter,
  checkIdentity,
  checkpointedRuns,
  deleteCheckpoint,
  kernelHashes,
  type RunIdentity,
  readCheckpoint,
} from './checkpoint.ts'
import { createMoments } from './create-moments.ts'
import type { Program } from './program.ts'

const identityOf = (config: RunConfigInput = {}, changes: Partial<RunIdentity> = {}): RunIdentity => ({
  config: parseRunConfig(config),
  model: 'model',
  data: 'data',
  trainable: 'trainable',
  kernels: { a: '1', b: '2' },
  ...changes,
})

/** A run of one pool, updated without a GPU. */
function runOn(store: PageStore, gpuBudgetBytes: number | null, name = 'run') {
  const pool = new ParameterPool('adapter')
  pool.add('weight', [21 * 64])
  const pages = layOutPages(pool.elements, { gpuBudgetBytes, hostBudgetBytes: 0, pageBytes: null })
  const executable = new QueueExecutable(updatePlan(pool, pages))
  const program = { pool, pages, plan: executable.plan } as Program
  const moments = createMoments(program, executable, { store, run: name })
  const identity = identityOf()
  const writer = new CheckpointWriter({
    store,
    run: name,
    program,
    executable,
    moments,
    identity,
    device: 'none',
  })
  const values = () => executable.contents('adapter')
  return {
    values,
    writer,
    moments,
    async steps(from: number, to: number) {
      for (let step = from; step <= to; step++) {
        const gradients = new Float32Array(executable.contents('adapter.gradient').buffer)
        for (let i = 0; i < gradients.length; i++) gradients[i] = uniform(3, step, i) - 0.5
        executable.setStep({ step })
        await moments.update(step)
      }
    },
    save: (step: number) => writer.save(step, { epoch: 0, index: step }, { told: step }),
  }
}

async function need(store: PageStore, run = 'run') {
  const checkpoint = await readCheckpoint(store, run)
  if (!checkpoint) throw new Error('no checkpoint')
  return checkpoint
}

async function uninterrupted(steps: number): Promise<Uint8Array> {
  const run = runOn(new MemoryPageStore(), null)
  await run.steps(1, steps)
  return run.values()
}

describe('CheckpointWriter', () => {
  const budgets: [from: number | null, to: number | null][] = [
    [null, null],
    [0, 0],
    [null, 0],
    [0, null],
    [0, 5000],
  ]

  it.each(budgets)('brings a run with a GPU budget of %s back with one of %s', async (before, after) => {
    const store = new MemoryPageStore()
    const first = runOn(store, before)
    await first.steps(1, 3)
    const sizeBytes = await first.save(3)
    expect(sizeBytes).toBe([...store.values.values()].reduce((sum, { length }) => sum + length, 0))
    await first.steps(4, 5)

    const checkpoint = await need(store)
    expect(checkpoint).toMatchObject({ step: 3, position: { epoch: 0, index: 3 }, progress: { told: 3 } })
    const second = runOn(store, after)
    await second.writer.restore(checkpoint)
    await second.steps(4, 7)
    expect(second.values()).toEqual(await uninterrupted(7))
  })

  it('leaves the checkpoint before it whole, or is whole itself, whichever write fails', async () => {
    const expected = await uninterrupted(6)
    for (let failing = 0; ; failing++) {
      const store = new MemoryPageStore()
      const run = runOn(store, null)
      await run.steps(1, 2)
      await run.save(2)
      await run.steps(3, 4)
      const put = store.put.bind(store)
      let count = 0
      store.put = async (key, bytes) => {
        if (count++ === failing) throw new Error('full')
        await put(key, bytes)
      }
      const outcome = await run.save(4).then(
        () => 'saved',
        () => 'failed',
      )
      store.put = put
      const checkpoint = await need(store)
      expect(checkpoint.step).toBe(outcome === 'saved' ? 4 : 2)
      // The run has gone on and saved nothing more.
      await run.steps(5, 5)
      await run.moments.settled()
      const next = runOn(store, null)
      await next.writer.restore(checkpoint)
      await next.steps(checkpoint.step + 1, 6)
      expect(next.values()).toEqual(expected)
      if (outcome === 'saved') {
        expect(failing).toBeGreaterThan(2)
        break
      }
    }
  })

  it.each([null, 0])('fills a full store no further with parts (GPU budget %s)', async (budget) => {
    const store = new MemoryPageStore()
    const run = runOn(store, budget)
    await run.steps(1, 2)
    await run.save(2)
    const whole = store.values.size
    const put = store.put.bind(store)
    let taken = 0
    store.put = async (key, bytes) => {
      if (taken++ === 1) throw new Error('full')
      await put(key, bytes)
    }
    for (let step = 3; step <= 6; step++) {
      await run.steps(step, step)
      await run.moments.settled()
      taken = 0
      await expect(run.save(step)).rejects.toThrow('full')
      // A page more than before may be current; the parts of a checkpoint are gone.
      expect([...store.values.keys()].filter((key) => key.includes('/values/'))).toHaveLength(1)
    }
    if (budget === null) expect(store.values.size).toBe(whole)
    store.put = put
    await run.save(6)
    const next = runOn(store, budget)
    await next.writer.restore(await need(store))
    await next.steps(7, 8)
    expect(next.values()).toEqual(await uninterrupted(8))
  })

  it('keeps what a manifest names that came through although its write was reported as failed', async () => {
    const store = new MemoryPageStore()
    const run = runOn(store, 0)
    await run.steps(1, 1)
    await run.save(1)
    await run.steps(2, 2)
    const put = store.put.bind(store)
    store.put = async (key, bytes) => {
      await put(key, bytes)
      if (key.endsWith('checkpoint.json')) throw new Error('timed out')
    }
    await expect(run.save(2)).rejects.toThrow('timed out')
    store.put = put
    await run.steps(3, 4)
    await run.moments.settled()
    const next = runOn(store, 0)
    const checkpoint = await need(store)
    expect(checkpoint.step).toBe(2)
    await next.writer.restore(checkpoint)
    await next.steps(3, 5)
    expect(next.values()).toEqual(await uninterrupted(5))
  })

  it('finds damage before anything is computed with it', async () => {
    for (const part of ['/values/', '/moments/']) {
      for (const damage of ['changed', 'missing']) {
        const store = new MemoryPageStore()
        const run = runOn(store, 0)
        await run.steps(1, 1)
        await run.save(1)
        const key = [...store.values.keys()].find((known) => known.includes(part)) as string
        const bytes = store.values.get(key) as Uint8Array
        if (damage === 'changed') bytes[9] ^= 1
        else store.values.delete(key)
        const next = runOn(store, null)
        await expect(next.writer.restore(await need(store))).rejects.toMatchObject({
          code: part === '/values/' ? 'checkpoint/damaged' : 'paging/lost-page',
        })
      }
    }
    const store = new MemoryPageStore()
    await store.put('run/checkpoint.json', new TextEncoder().encode('{"version":1,"run":"ru'))
    await expect(readCheckpoint(store, 'run')).rejects.toMatchObject({ code: 'checkpoint/damaged' })
  })

  it('keeps runs of one store apart, and deletes all of one', async () => {
    const store = new MemoryPageStore()
    for (const name of ['one', 'two']) {
      const run = runOn(store, 0, name)
      await run.steps(1, 2)
      await run.save(2)
    }
    expect((await checkpointedRuns(store)).sort()).toEqual(['one', 'two'])
    await deleteCheckpoint(store, 'one')
    expect(await checkpointedRuns(store)).toEqual(['two'])
    expect(await store.list('one/')).toEqual([])
    expect(await readCheckpoint(store, 'one')).toBeNull()
    expect((await need(store, 'two')).step).toBe(2)
  })
})

describe('checkIdentity', () => {
  const problems = (
    saved: RunIdentity,
    current: RunIdentity,
    arithmetic: number | undefined = ARITHMETIC,
  ): string[] => {
    try {
      checkIdentity({ identity: saved, arithmetic }, current)
      return []
    } catch (error) {
      if (error instanceof StudioError && error.code === 'input/checkpoint')
        return (error.problems ?? []).map(({ message }) => message)
      throw error
    }
  }

  it('accepts the same run, and settings that change no result', () => {
    expect(problems(identityOf(), identityOf())).toEqual([])
    const free: RunConfigInput = {
      train: { saveEvery: 3, logEvery: 2, evalEvery: 9 },
      optimizer: { paging: { gpuBudgetBytes: 0, hostBudgetBytes: 5, pageBytes: 512 } },
    }
    expect(problems(identityOf(), identityOf(free))).toEqual([])
  })

  it('accepts a checkpoint of a version that lacked a setting', () => {
    const { mapping: _, dropDuplicates: __, ...data } = parseRunConfig({}).data
    const older = identityOf({}, { config: { ...parseRunConfig({}), data } as RunIdentity['config'] })
    expect(problems(older, identityOf())).toEqual([])
    expect(problems(older, identityOf({ data: { dropDuplicates: true } }))[0]).toContain(
      '"data.dropDuplicates"',
    )
  })

  it('accepts other kernels of another arithmetic, and nothing else of it', () => {
    const other = identityOf({}, { kernels: { a: '2' } })
    expect(problems(identityOf(), other)).toHaveLength(1)
    for (const arithmetic of [0, ARITHMETIC + 1]) {
      expect(problems(identityOf(), other, arithmetic)).toEqual([])
      expect(problems(identityOf(), { ...other, model: 'm' }, arithmetic)).toHaveLength(1)
    }
  })

  it('names everything that differs', () => {
    const other = identityOf(
      { lora: { rank: 4 }, optimizer: { lr: 1 }, data: { shuffle: false } },
      { model: 'm', data: 'd', trainable: 't', kernels: { a: '1', b: '3', c: '4' } },
    )
    const told = problems(identityOf(), other)
    expect(told).toHaveLength(7)
    expect(told.join('\n')).toMatch(/"lora.rank" was 16.* is 4/)
    expect(told.join('\n')).toMatch(/"optimizer.lr" was 0.0002.* is 1/)
    expect(told.join('\n')).toMatch(/"data.shuffle" was true.* is false/)
    expect(told.join('\n')).toMatch(/another model/)
    expect(told.join('\n')).toMatch(/other data/)
    expect(told.join('\n')).toMatch(/other tensors, or of another shape/)
    expect(told.join('\n')).toMatch(/other kernels: b, c/)
  })
})

describe('kernelHashes', () => {
  const plan = (gpuBudgetBytes: number | null) => {
    const pool = new ParameterPool('adapter')
    pool.add('weight', [21 * 64])
    return updatePlan(
      pool,
      layOutPages(pool.elements, { gpuBudgetBytes, hostBudgetBytes: null, pageBytes: null }),
    )
  }

  it('are the same paged and unpaged, and others for another kernel', async () => {
    const hashes = await kernelHashes(plan(null))
    expect(Object.keys(hashes).sort()).toEqual([
      'adamw_update',
      'gradient-norm_finish',
      'gradient-norm_partial',
    ])
    expect(await kernelHashes(plan(0))).toEqual(hashes)
    const changed = structuredClone(plan(null))
    changed.kernels[0].kernel.source += ' '
    const others = await kernelHashes(changed)
    expect(Object.keys(others).filter((name) => others[name] !== hashes[name])).toEqual([
      changed.kernels[0].kernel.name,
    ])
  })
})
