import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseRange, serveFolder } from './static-server.mjs'

let folder = ''
let server: Awaited<ReturnType<typeof serveFolder>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nibble-serve-'))
  const site = join(folder, 'site')
  mkdirSync(join(site, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(site, 'index.html'), '<!doctype html>')
  writeFileSync(join(site, 'assets', 'worker-1a2b.js'), 'self')
  writeFileSync(
    join(site, 'model.safetensors'),
    Uint8Array.from({ length: 256 }, (_, i) => i),
  )
  writeFileSync(join(site, 'empty.txt'), '')
  server = await serveFolder({ folder: site })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, server.url), { headers })

test('serves the page, with the type of each file', async () => {
  const page = await get('')
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(await page.text()).toBe('<!doctype html>')
  const worker = await get('assets/worker-1a2b.js')
  expect(worker.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(worker.headers.get('cache-control')).toContain('immutable')
  expect((await get('empty.txt')).status).toBe(200)
})

test('answers a byte range', async () => {
  const part = await get('model.safetensors', { Range: 'bytes=8-11' })
  expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 8-11/256'])
  expect([...new Uint8Array(await part.arrayBuffer())]).toEqual([8, 9, 10, 11])
  const beyond = await get('model.safetensors', { Range: 'bytes=256-' })
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */256'])
})

test('knows only what is in the folder', async () => {
  expect((await get('missing.js')).status).toBe(404)
  expect((await get('assets')).status).toBe(404)
  // fetch would tidy the path before it is sent
  for (const path of ['/../secret.txt', '/..%2fsecret.txt', '/%00', '/%'])
    expect(await rawStatus(path)).toBe(404)
})

test('takes only GET and HEAD', async () => {
  expect((await fetch(server.url, { method: 'POST' })).status).toBe(405)
  const head = await fetch(server.url, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '15', ''])
})

test('passes over a taken port', async () => {
  const port = Number(new URL(server.url).port)
  const second = await serveFolder({ folder, port, attempts: 50 })
  expect(Number(new URL(second.url).port)).toBeGreaterThan(port)
  await second.close()
  await expect(serveFolder({ folder, port })).rejects.toThrow('EADDRINUSE')
})

describe('parseRange', () => {
  test.for([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=5-', { start: 5, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-99', { start: 0, end: 9 }],
    ['bytes=5-99', { start: 5, end: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', undefined],
    ['bytes=0-1,3-4', undefined],
    ['bytes=-', undefined],
    [undefined, undefined],
  ] as const)('%s of ten bytes', ([header, expected]) => {
    expect(parseRange(header, 10)).toEqual(expected)
  })
})

function rawStatus(path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(server.url)
  return new Promise((resolve, reject) => {
    request({ hostname, port, path }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
