import { createStore, keys, set } from 'idb-keyval'
import { describe, expect, test } from 'vitest'
import { indexedDbPageStore } from './indexeddb-page-store.ts'
import { checkPageStore } from './testing/check-page-store.ts'

/** In this lane because it is the one that runs in a browser. */
describe('a page store in IndexedDB', () => {
  test('keeps, lists and deletes', async () => {
    await checkPageStore(indexedDbPageStore('nibble-test-contract'))
  })

  test('is there again when it is opened again', async () => {
    const name = 'nibble-test-again'
    await indexedDbPageStore(name).put('run/page', new Uint8Array([3]))
    const again = indexedDbPageStore(name)
    expect(await again.get('run/page')).toEqual(new Uint8Array([3]))
    await again.delete(['run/page'])
  })

  test('spreads pages over its databases, and gives what an earlier studio kept in one', async () => {
    const name = 'nibble-test-spread'
    const pages = Array.from({ length: 12 }, (_, page) => `run/moments/${page * 64}-64.1`)
    const first = createStore(name, 'pages')
    for (const [page, key] of pages.entries()) await set(key, new Blob([new Uint8Array([page])]), first)

    const store = indexedDbPageStore(name)
    for (const [page, key] of pages.entries()) expect(await store.get(key)).toEqual(new Uint8Array([page]))
    // What is replaced is where it was: never two values of a key.
    await Promise.all(pages.map((key) => store.put(key, new Uint8Array([99]))))
    expect(await keys(first)).toHaveLength(12)
    expect((await store.list('run/')).sort()).toEqual([...pages].sort())
    await store.delete(pages)
    expect(await keys(first)).toHaveLength(0)

    const again = indexedDbPageStore(name)
    await Promise.all(pages.map((key, page) => again.put(key, new Uint8Array([page]))))
    const kept = await Promise.all(
      [0, 1, 2, 3].map((n) => keys(createStore(n ? `${name}-${n}` : name, 'pages'))),
    )
    expect(kept.flat().sort()).toEqual([...pages].sort())
    expect(Math.max(...kept.map(({ length }) => length))).toBeLessThan(8)
    expect(await indexedDbPageStore(name).get(pages[5])).toEqual(new Uint8Array([5]))
    await again.delete(pages)
  })

  test('holds pages of megabytes', async () => {
    const store = indexedDbPageStore('nibble-test-pages')
    const pages = Array.from({ length: 3 }, (_, page) => new Uint8Array(4 << 20).fill(page + 1))
    await Promise.all(pages.map((bytes, page) => store.put(`run/${page}`, bytes)))
    for (const [page, bytes] of pages.entries()) {
      const kept = (await store.get(`run/${page}`)) ?? new Uint8Array()
      // Comparing megabytes element by element would take longer than all else.
      expect(kept.length).toBe(bytes.length)
      expect(kept.findIndex((byte) => byte !== page + 1)).toBe(-1)
    }
    await store.delete(await store.list(''))
  })
})
