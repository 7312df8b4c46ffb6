import { expect, test } from 'vitest'
import { MemoryPageStore } from '../optim/page-store.ts'
import { collectOrphans, discardCheckpoint, recentSteps } from './checkpoints.ts'
import type { RunLocks } from './run-locks.ts'

const holding = (...runs: string[]): RunLocks => ({ hold: async () => null, held: async () => new Set(runs) })

async function storeWith(...keys: string[]): Promise<MemoryPageStore> {
  const store = new MemoryPageStore()
  for (const key of keys) await store.put(key, new Uint8Array(1))
  return store
}

const keysOf = async (store: MemoryPageStore) => (await store.list('')).sort()

test('pages of a run that was killed before its first checkpoint are collected, those of one under way are not', async () => {
  const store = await storeWith(
    'killed/moments/0-64.1',
    'killed/values/0.1',
    'live/moments/0-64.1',
    'saved/checkpoint.json',
    'saved/moments/0-64.1',
  )
  expect(await collectOrphans(store, holding('live'))).toBe(1)
  expect(await keysOf(store)).toEqual([
    'live/moments/0-64.1',
    'saved/checkpoint.json',
    'saved/moments/0-64.1',
  ])
})

test('the last steps are read back from JSON with what was not finite', () => {
  const recent = [{ step: 3, metrics: { 'train/loss': Number.NaN, 'optimizer/lr': 1 } }]
  const read = recentSteps(JSON.parse(JSON.stringify({ recent })))
  expect(read).toEqual(recent)
})

test('a checkpoint is discarded with its pages, unless its run is under way', async () => {
  const store = await storeWith('a/checkpoint.json', 'a/moments/0-64.1', 'ab/checkpoint.json')
  await expect(discardCheckpoint(store, 'a', holding('a'))).rejects.toMatchObject({
    code: 'checkpoint/in-use',
  })
  expect(await keysOf(store)).toHaveLength(3)
  await discardCheckpoint(store, 'a', holding('ab'))
  expect(await keysOf(store)).toEqual(['ab/checkpoint.json'])
})
