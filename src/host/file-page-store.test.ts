import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFilePageStore } from './file-page-store.ts'
import { checkPageStore } from './testing/check-page-store.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nibble-pages-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a page store in a folder', () => {
  it('keeps, lists and deletes', async () => {
    await checkPageStore(await openFilePageStore(join(folder, 'checkpoint')))
  })

  it('shows nothing of a write that a crash cut off, and removes it when it is opened again', async () => {
    const store = await openFilePageStore(folder)
    await store.put('page', new Uint8Array([1]))
    await writeFile(join(folder, 'page.7.part'), 'half')
    expect(await store.list('')).toEqual(['page'])
    await openFilePageStore(folder)
    expect(await readdir(folder)).toEqual(['page'])
  })

  it('says when it cannot write, and leaves nothing behind', async () => {
    const store = await openFilePageStore(folder)
    await store.put('a', new Uint8Array([1]))
    await expect(store.put('a/b', new Uint8Array([1]))).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['a'])
  })

  it('refuses keys that lead out of its folder', async () => {
    const store = await openFilePageStore(folder)
    for (const key of ['../x', 'a/../../x', '/x', 'a//b', 'a b', ''])
      await expect(store.put(key, new Uint8Array())).rejects.toThrow(/no key/)
  })
})
