/** A static file server for a built studio: correct types, byte ranges, a strict policy, only this computer. */
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { securityHeaders } from './content-security-policy.mjs'

/** A secure context, as WebGPU asks for. Not 'localhost': it may name ::1 where IPv6 is off. */
const LOOPBACK = '127.0.0.1'

/** @type {Record<string, string>} */
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.gguf': 'application/octet-stream',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jinja': 'text/plain; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.jsonl': 'application/jsonl; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.safetensors': 'application/octet-stream',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.wgsl': 'text/wgsl; charset=utf-8',
  '.woff2': 'font/woff2',
}

/**
 * Serves a folder on the loopback interface.
 * @param {{ folder: string, port?: number, attempts?: number }} options port 0 takes any free one; a taken port is
 *   passed over for the next, up to `attempts` times
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} url ends in a slash
 */
export async function serveFolder({ folder, port = 0, attempts = 1 }) {
  const server = createServer((request, response) => respond(folder, request, response))
  for (let attempt = 0; ; attempt++) {
    try {
      await listen(server, port === 0 ? 0 : port + attempt)
      break
    } catch (error) {
      const taken = /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE'
      if (!taken || attempt + 1 >= attempts) throw error
    }
  }
  const { port: bound } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://${LOOPBACK}:${bound}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 * @returns {Promise<void>}
 */
function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/**
 * @param {string} folder
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function respond(folder, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405)
  const file = resolveFile(folder, request.url ?? '/')
  if (!file) return refuse(response, 404)

  const headers = {
    ...securityHeaders,
    'Content-Type': TYPES[extname(file.path)] ?? 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    // built names carry a hash; everything else may change with the next build
    'Cache-Control': file.path.includes(`${sep}assets${sep}`)
      ? 'public, max-age=31536000, immutable'
      : 'no-cache',
  }
  const range = parseRange(request.headers.range, file.sizeBytes)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${file.sizeBytes}` }).end()
    return
  }
  const { start, end } = range ?? { start: 0, end: file.sizeBytes - 1 }
  const partial = range ? { 'Content-Range': `bytes ${start}-${end}/${file.sizeBytes}` } : {}
  response.writeHead(range ? 206 : 200, { ...headers, ...partial, 'Content-Length': end - start + 1 })
  if (request.method === 'HEAD' || file.sizeBytes === 0) {
    response.end()
    return
  }
  createReadStream(file.path, { start, end })
    .on('error', () => response.destroy())
    .pipe(response)
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {404 | 405} status
 */
function refuse(response, status) {
  const headers = {
    ...securityHeaders,
    'Content-Type': 'text/plain; charset=utf-8',
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
  }
  response.writeHead(status, headers).end(status === 404 ? 'Not found\n' : 'Method not allowed\n')
}

/**
 * The file an address names, if it lies within the folder.
 * @param {string} folder
 * @param {string} address
 */
function resolveFile(folder, address) {
  try {
    const path = decodeURIComponent(new URL(address, 'http://localhost').pathname)
    if (path.includes('\0')) return undefined
    const file = normalize(join(folder, path.endsWith('/') ? `${path}index.html` : path))
    if (!file.startsWith(normalize(folder + sep))) return undefined
    const stats = statSync(file)
    return stats.isFile() ? { path: file, sizeBytes: stats.size } : undefined
  } catch {
    return undefined
  }
}

/**
 * One range of bytes (RFC 9110 §14.1.2). Several ranges, or another unit, are answered with the whole file.
 * @param {string | undefined} header
 * @param {number} sizeBytes
 * @returns {{ start: number, end: number } | 'unsatisfiable' | undefined}
 */
export function parseRange(header, sizeBytes) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const [, first, last] = match
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  return start >= sizeBytes || start > end ? 'unsatisfiable' : { start, end }
}
