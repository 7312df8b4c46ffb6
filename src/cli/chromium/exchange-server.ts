import { randomBytes } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, extname, join, normalize, sep } from 'node:path'
import { parseRange } from '../../../scripts/static-server.mjs'
import { openFilePageStore } from '../../host/file-page-store.ts'
import { UPLOAD_NUMBER, UPLOAD_PATH } from '../../host/headless-bridge.ts'
import { LIST_PARAMETER } from '../../host/url-page-store.ts'
import type { PageStore } from '../../optim/page-store.ts'

/** A secure context, as WebGPU asks for. */
const LOOPBACK = '127.0.0.1'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}

export interface ExchangeServer {
  /** Address of a page of the served folder. */
  pageUrl(page: string): string
  /** Makes a file of this machine readable for the page; the address is the only way to it. */
  offer(path: string): string
  /** Lets the page keep checkpoints in a folder; the address is of a urlPageStore. */
  keep(folder: string): string
  /** Bytes that the page has handed over, once. */
  take(id: number): Uint8Array<ArrayBuffer>
  close(): Promise<void>
}

/**
 * Serves the built studio and the files that were offered, and takes results, on this computer only and under a path that
 * cannot be guessed:
 *
 *     /TOKEN/app/…           the built studio
 *     /TOKEN/file/N/name     an offered file, with byte ranges
 *     /TOKEN/store/N/key     GET, PUT, DELETE: a page store in a folder; GET ?prefix=P lists keys
 *     /TOKEN/upload          POST: takes bytes, answers with their number; `?number=N` adds to earlier ones
 */
export async function startExchangeServer(appFolder: string): Promise<ExchangeServer> {
  const token = randomBytes(16).toString('hex')
  const offered: string[] = []
  const stores: Promise<PageStore>[] = []
  const uploads = new Map<number, Uint8Array[]>()
  let nextUpload = 1

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const [first, area, ...rest] = url.pathname.split('/').slice(1)
    if (first !== token) return refuse(response, 404)
    if (area === basename(UPLOAD_PATH) && request.method === 'POST') {
      const number = Number(url.searchParams.get(UPLOAD_NUMBER) ?? nextUpload++)
      readBody(request).then(
        (pieces) => {
          uploads.set(number, [...(uploads.get(number) ?? []), ...pieces])
          response.end(String(number))
        },
        () => response.destroy(),
      )
      return
    }
    if (area === 'store' && Number(rest[0]) in stores) {
      const key = rest.slice(1).join('/')
      answerForStore(stores[Number(rest[0])], key, url.searchParams.get(LIST_PARAMETER), request, response)
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405)
    const file =
      area === 'file'
        ? offered[Number(rest[0])]
        : area === 'app'
          ? inside(appFolder, rest.join('/'))
          : undefined
    if (file === undefined) return refuse(response, 404)
    sendFile(file, request, response)
  })
  await listen(server)
  const base = `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/${token}`
  return {
    pageUrl: (page) => `${base}/app/${page}`,
    offer(path) {
      const known = offered.indexOf(path)
      const index = known < 0 ? offered.push(path) - 1 : known
      return `${base}/file/${index}/${encodeURIComponent(basename(path))}`
    },
    keep(folder) {
      const store = openFilePageStore(folder)
      // The first request hears of it.
      store.catch(() => {})
      return `${base}/store/${stores.push(store) - 1}`
    },
    take(id) {
      const pieces = uploads.get(id)
      if (!pieces) throw new Error(`the page handed over no bytes ${id}`)
      uploads.delete(id)
      return joined(pieces)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** One request of a urlPageStore. A failure of the store is answered with its words. */
async function answerForStore(
  opening: Promise<PageStore>,
  key: string,
  prefix: string | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const store = await opening
    if (request.method === 'PUT') {
      await store.put(key, joined(await readBody(request)))
      response.writeHead(204).end()
    } else if (request.method === 'DELETE') {
      await store.delete([key])
      response.writeHead(204).end()
    } else if (request.method !== 'GET') {
      refuse(response, 405)
    } else if (prefix !== null) {
      response
        .writeHead(200, { 'Content-Type': 'application/json' })
        .end(JSON.stringify(await store.list(prefix)))
    } else {
      const bytes = await store.get(key)
      if (bytes)
        response
          .writeHead(200, { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' })
          .end(bytes)
      else refuse(response, 404)
    }
  } catch (error) {
    response
      .writeHead(500, { 'Content-Type': 'text/plain' })
      .end(error instanceof Error ? error.message : String(error))
  }
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, LOOPBACK, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function inside(folder: string, path: string): string | undefined {
  try {
    const file = normalize(join(folder, decodeURIComponent(path)))
    return file.startsWith(normalize(folder + sep)) ? file : undefined
  } catch {
    return undefined
  }
}

function sendFile(path: string, request: IncomingMessage, response: ServerResponse): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile()) {
    refuse(response, 404)
    return
  }
  const range = parseRange(request.headers.range, stats.size)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${stats.size}` }).end()
    return
  }
  const { start, end } = range ?? { start: 0, end: stats.size - 1 }
  response.writeHead(range ? 206 : 200, {
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Content-Length': end - start + 1,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'no-store',
    ...(range ? { 'Content-Range': `bytes ${start}-${end}/${stats.size}` } : {}),
  })
  if (request.method === 'HEAD' || stats.size === 0) {
    response.end()
    return
  }
  createReadStream(path, { start, end })
    .on('error', () => response.destroy())
    .pipe(response)
}

function refuse(response: ServerResponse, status: 404 | 405): void {
  response
    .writeHead(status, { 'Content-Type': 'text/plain' })
    .end(status === 404 ? 'Not found\n' : 'Method not allowed\n')
}

async function readBody(request: IncomingMessage): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return pieces
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}
