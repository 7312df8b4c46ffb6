import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { blobSource } from './blob-source.ts'
import { resolveNodeFile } from './node-files.ts'
import { resolvePageFile } from './page-files.ts'
import { pathSource } from './path-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-sources-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 256)
const path = join(folder, 'weights.bin')
writeFileSync(path, bytes)

describe('a file on this machine', () => {
  test('is read in ranges', async () => {
    const source = await pathSource('weights.bin', path)
    expect(source).toMatchObject({ name: 'weights.bin', sizeBytes: 1000 })
    expect(await source.read(990, 1000)).toEqual(bytes.slice(990))
    expect(await source.read(5, 5)).toEqual(new Uint8Array(0))
  })

  test('is refused by name when it is missing or a folder', async () => {
    await expect(pathSource('no', join(folder, 'no'))).rejects.toMatchObject({
      code: 'input/read',
      message: expect.stringMatching(/no cannot be read: it does not exist/),
    })
    await expect(pathSource('f', folder)).rejects.toMatchObject({
      code: 'input/read',
      message: expect.stringMatching(/it is no file/),
    })
  })

  test('is refused when it has become shorter', async () => {
    const shrinking = join(folder, 'shrinking.bin')
    writeFileSync(shrinking, bytes)
    const source = await pathSource('shrinking.bin', shrinking)
    truncateSync(shrinking, 10)
    await expect(source.read(0, 100)).rejects.toMatchObject({
      code: 'input/read',
      message: expect.stringMatching(/ends at byte 10, 1000 were there/),
    })
  })
})

test('a blob is read in ranges', async () => {
  const source = blobSource('dropped.bin', new Blob([bytes]))
  expect(source.sizeBytes).toBe(1000)
  expect(await source.read(10, 20)).toEqual(bytes.slice(10, 20))
})

test('a file that changed after it was picked is an input error', async () => {
  const gone = {
    size: 10,
    slice: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }),
  } as unknown as Blob
  await expect(blobSource('a.jsonl', gone).read(0, 1)).rejects.toMatchObject({ code: 'input/read' })
})

test('Node opens paths and blobs, a page refuses paths', async () => {
  expect((await resolveNodeFile({ kind: 'path', name: 'weights.bin', path })).sizeBytes).toBe(1000)
  expect((await resolveNodeFile({ kind: 'blob', name: 'b', blob: new Blob(['ab']) })).sizeBytes).toBe(2)
  expect((await resolvePageFile({ kind: 'blob', name: 'b', blob: new Blob(['ab']) })).sizeBytes).toBe(2)
  await expect(resolvePageFile({ kind: 'path', name: 'weights.bin', path })).rejects.toMatchObject({
    code: 'host/file',
  })
})
