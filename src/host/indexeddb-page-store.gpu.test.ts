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
