import { describe, expect, test } from 'vitest'
import { urlSource } from './url-source.ts'

const bytesOf = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 7) % 251)

/** A server of one file: what it was asked for, and how it answers. */
function server(
  file: () => Uint8Array<ArrayBuffer>,
  answer: 'ranges' | 'whole' | 'short' | number = 'ranges',
) {
  const asked: (string | null)[] = []
  const request = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    const range = new Headers(init?.headers).get('Range')
    asked.push(range)
    const bytes = file()
    if (typeof answer === 'number') return new Response('no', { status: answer, statusText: 'No' })
    if (answer === 'whole') return new Response(bytes, { status: 200 })
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range ?? '') ?? []
    const [start, last] = [Number(from), Math.min(Number(to), bytes.length - 1)]
    if (start >= bytes.length)
      return new Response(null, { status: 416, headers: { 'Content-Range': `bytes */${bytes.length}` } })
    const body = bytes.slice(start, answer === 'short' ? last : last + 1)
    return new Response(body, {
      status: 206,
      headers: { 'Content-Range': `bytes ${start}-${last}/${bytes.length}` },
    })
  }
  return { request: request as typeof fetch, asked }
}

describe('urlSource', () => {
  test('reads a large file by ranges, its beginning once', async () => {
    const file = bytesOf(200_000)
    const { request, asked } = server(() => file)
    const source = await urlSource('model.safetensors', 'http://x/model.safetensors', request)
    expect(source.sizeBytes).toBe(200_000)
    expect(await source.read(0, 8)).toEqual(file.slice(0, 8))
    expect(await source.read(65_530, 65_600)).toEqual(file.slice(65_530, 65_600))
    expect(await source.read(199_990, 200_000)).toEqual(file.slice(199_990))
    expect(asked).toEqual(['bytes=0-65535', 'bytes=65530-65599', 'bytes=199990-199999'])
  })

  test('takes a small file in one request', async () => {
    const { request, asked } = server(() => bytesOf(100))
    const source = await urlSource('config.json', 'http://x/config.json', request)
    expect(await source.read(0, 100)).toEqual(bytesOf(100))
    expect(asked).toHaveLength(1)
  })

  test('downloads the whole file once where the server ignores ranges', async () => {
    const { request, asked } = server(() => bytesOf(150_000), 'whole')
    const source = await urlSource('a', 'http://x/a', request)
    expect(source.sizeBytes).toBe(150_000)
    expect(await source.read(149_000, 150_000)).toEqual(bytesOf(150_000).slice(149_000))
    expect(asked).toHaveLength(1)
  })

  test('opens an empty file', async () => {
    const { request } = server(() => bytesOf(0))
    const source = await urlSource('empty', 'http://x/empty', request)
    expect([source.sizeBytes, await source.read(0, 0)]).toEqual([0, new Uint8Array(0)])
  })

  test.each([
    ['its status', server(() => bytesOf(1), 404), /http:\/\/x\/gone answered 404 No/],
    ['bytes that are missing', server(() => bytesOf(100), 'short'), /100 bytes were asked for, 99 came/],
    [
      'a server that is away',
      { request: (() => Promise.reject(new Error('ECONNREFUSED'))) as typeof fetch },
      /cannot be reached \(ECONNREFUSED\)/,
    ],
  ])('refuses by %s', async (_what, { request }, message) => {
    await expect(urlSource('gone', 'http://x/gone', request)).rejects.toMatchObject({
      code: 'input/read',
      message: expect.stringMatching(message),
    })
  })

  test('refuses a file that has changed its size since it was opened', async () => {
    let file = bytesOf(200_000)
    const { request } = server(() => file)
    const source = await urlSource('a', 'http://x/a', request)
    file = bytesOf(190_000)
    await expect(source.read(100_000, 100_010)).rejects.toMatchObject({
      message: expect.stringMatching(/200000 bytes and now has 190000/),
    })
  })
})
