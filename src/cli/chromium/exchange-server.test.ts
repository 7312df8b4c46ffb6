import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkPageStore } from '../../host/testing/check-page-store.ts'
import { urlPageStore } from '../../host/url-page-store.ts'
import { urlSource } from '../../host/url-source.ts'
import { type ExchangeServer, startExchangeServer } from './exchange-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'nibble-exchange-'))
mkdirSync(join(folder, 'app'))
writeFileSync(join(folder, 'app', 'headless.html'), '<!doctype html>')
writeFileSync(join(folder, 'secret.txt'), 'secret')
const weights = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
writeFileSync(join(folder, 'model file.safetensors'), weights)

let server: ExchangeServer
beforeAll(async () => {
  server = await startExchangeServer(join(folder, 'app'))
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

test('serves the page, and offered files with ranges', async () => {
  const page = await fetch(server.pageUrl('headless.html'))
  expect([page.status, page.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=utf-8'])
  const source = await urlSource('m', server.offer(join(folder, 'model file.safetensors')))
  expect(source.sizeBytes).toBe(100_000)
  expect(await source.read(70_000, 70_100)).toEqual(weights.slice(70_000, 70_100))
})

test('keeps what the page stores in a folder of this machine', async () => {
  const address = server.keep(join(folder, 'checkpoint'))
  await checkPageStore(urlPageStore(address))
  await urlPageStore(address).put('run/page', Uint8Array.of(7))
  expect([...readFileSync(join(folder, 'checkpoint', 'run', 'page'))]).toEqual([7])
  await expect(urlPageStore(address).put('run/page/below', Uint8Array.of(7))).rejects.toThrow(
    /EEXIST|ENOTDIR/,
  )
  await expect(
    urlPageStore(address.replace('store/0', 'store/1')).put('run/page', Uint8Array.of(7)),
  ).rejects.toThrow()
})

test('nothing is to be had without the token, or outside of the folder', async () => {
  const { origin } = new URL(server.pageUrl(''))
  expect((await fetch(`${origin}/app/headless.html`)).status).toBe(404)
  expect((await fetch(server.pageUrl('..%2Fsecret.txt'))).status).toBe(404)
  expect((await fetch(server.pageUrl('../file/99/x'))).status).toBe(404)
  expect((await fetch(server.pageUrl('headless.html'), { method: 'PUT', body: 'x' })).status).toBe(405)
})

test('bytes that the page hands over in pieces are taken once, whole', async () => {
  const post = async (query: string, body: Uint8Array<ArrayBuffer>) =>
    Number(await (await fetch(server.pageUrl(`../upload${query}`), { method: 'POST', body })).text())
  const first = await post('', weights.slice(0, 60_000))
  const other = await post('', Uint8Array.of(1))
  expect(await post(`?number=${first}`, weights.slice(60_000))).toBe(first)
  expect(server.take(first)).toEqual(weights)
  expect(server.take(other)).toEqual(Uint8Array.of(1))
  expect(() => server.take(first)).toThrow(/no bytes/)
})
