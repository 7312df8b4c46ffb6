import type { ByteSource } from '../util/byte-source.ts'
import { inputError, type StudioError } from '../util/errors.ts'

/** First request of every file: small ones are complete with it, and of checkpoints it holds the header. */
const PREFIX_BYTES = 64 * 1024

/**
 * A file behind an address, read by HTTP ranges (RFC 9110 §14). A server that ignores ranges is asked once, and the
 * whole file is kept in memory.
 * @param request `fetch`, or what stands for it in tests
 * @throws input/read with the address's status, sizes, or network failure
 */
export async function urlSource(
  name: string,
  url: string,
  request: typeof fetch = fetch,
): Promise<ByteSource> {
  const first = await get(name, url, request, 0, PREFIX_BYTES)
  if (first.status === 416) {
    // Even the first byte is out of range: an empty file, unless the server says otherwise.
    const total = totalSize(first)
    if (total === 0) return { name, sizeBytes: 0, read: async () => new Uint8Array(0) }
    throw unreadable(name, `the server refused its first bytes (it names ${total ?? 'no'} bytes in all)`)
  }
  if (first.status !== 206) return wholeFile(name, await bodyOf(name, first))
  const sizeBytes = totalSize(first)
  if (sizeBytes === null) throw unreadable(name, 'the server answers with ranges but does not tell the size')
  const prefix = await bodyOf(name, first)
  const expected = Math.min(PREFIX_BYTES, sizeBytes)
  if (prefix.length !== expected)
    throw unreadable(name, `${expected} bytes were asked for, ${prefix.length} came`)
  return {
    name,
    sizeBytes,
    async read(start, end) {
      if (end <= prefix.length) return prefix.slice(start, end)
      if (start >= end) return new Uint8Array(0)
      const response = await get(name, url, request, start, end)
      if (response.status !== 206)
        throw unreadable(name, `the server answered ${response.status} to bytes ${start} to ${end}`)
      const total = totalSize(response)
      if (total !== sizeBytes)
        throw unreadable(name, `it had ${sizeBytes} bytes and now has ${total ?? 'an unknown number'}`)
      const bytes = await bodyOf(name, response)
      const wanted = Math.min(end, sizeBytes) - start
      if (bytes.length !== wanted)
        throw unreadable(name, `${wanted} bytes were asked for, ${bytes.length} came`)
      return bytes
    },
  }
}

function wholeFile(name: string, bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return { name, sizeBytes: bytes.length, read: async (start, end) => bytes.slice(start, end) }
}

/** Asks for bytes [start, end); answers of 4xx and 5xx (but 416) are refused here. */
async function get(
  name: string,
  url: string,
  request: typeof fetch,
  start: number,
  end: number,
): Promise<Response> {
  let response: Response
  try {
    response = await request(url, { headers: { Range: `bytes=${start}-${end - 1}` } })
  } catch (cause) {
    throw unreadable(
      name,
      `${url} cannot be reached (${cause instanceof Error ? cause.message : String(cause)})`,
    )
  }
  if (response.ok || response.status === 416) return response
  throw unreadable(name, `${url} answered ${response.status} ${response.statusText}`.trimEnd())
}

async function bodyOf(name: string, response: Response): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    throw unreadable(name, `the connection broke (${cause instanceof Error ? cause.message : String(cause)})`)
  }
}

/** The size after the slash of `Content-Range: bytes 0-9/100`. */
function totalSize(response: Response): number | null {
  const total = /\/(\d+)$/.exec(response.headers.get('Content-Range')?.trim() ?? '')
  return total ? Number(total[1]) : null
}

function unreadable(name: string, why: string): StudioError {
  return inputError('read', [
    {
      message: `${name} cannot be read: ${why}`,
      fix: 'Check the address and the connection, then try again.',
    },
  ])
}
