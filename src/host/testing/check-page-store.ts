import { expect } from 'vitest'
import type { PageStore } from '../../optim/page-store.ts'

/** What every page store must do. */
export async function checkPageStore(store: PageStore): Promise<void> {
  const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i * 7)
  expect(await store.get('run/moments/0-64.1')).toBeNull()
  await store.put('run/moments/0-64.1', bytes)
  await store.put('run/moments/64-64.1', bytes.subarray(10, 20))
  await store.put('run/manifest.json', new Uint8Array())
  await store.put('other/moments/0-64.1', new Uint8Array([1]))
  expect(await store.get('run/moments/0-64.1')).toEqual(bytes)
  expect(await store.get('run/moments/64-64.1')).toEqual(bytes.slice(10, 20))
  expect(await store.get('run/manifest.json')).toEqual(new Uint8Array())

  expect((await store.list('run/moments/')).sort()).toEqual(['run/moments/0-64.1', 'run/moments/64-64.1'])
  expect(await store.list('')).toHaveLength(4)

  await store.put('run/moments/0-64.1', new Uint8Array([9]))
  expect(await store.get('run/moments/0-64.1')).toEqual(new Uint8Array([9]))

  await store.delete(['run/moments/0-64.1', 'run/moments/not-there', 'other/moments/0-64.1'])
  expect(await store.get('run/moments/0-64.1')).toBeNull()
  expect((await store.list('')).sort()).toEqual(['run/manifest.json', 'run/moments/64-64.1'])

  const many = Array.from({ length: 20 }, (_, i) => `run/many/${i}`)
  await Promise.all(many.map((key, i) => store.put(key, new Uint8Array(5000).fill(i))))
  for (const [i, key] of many.entries()) expect(await store.get(key)).toEqual(new Uint8Array(5000).fill(i))
  await store.delete(await store.list(''))
  expect(await store.list('')).toEqual([])
}
