/** `npm start`: builds the studio where needed, serves it to this computer, opens the browser. */
import { spawn } from 'node:child_process'
import { app, ensureBuilt } from './build.mjs'
import { serveFolder } from './static-server.mjs'

const DEFAULT_PORT = 4173

try {
  const folder = await ensureBuilt(app)
  const { url } = await serveFolder({ folder, port: wantedPort(), attempts: 16 })
  console.log(`Nibble Studio is at ${url}`)
  if (hasDisplay()) openBrowser(url)
  else console.log('Open the address in Chrome on this computer. Ctrl+C stops the server.')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

function wantedPort() {
  const port = process.env.PORT
  if (!port) return DEFAULT_PORT
  if (/^\d+$/.test(port) && Number(port) < 65_536) return Number(port)
  throw new Error(`PORT is ${port}; expected a number from 0 to 65535.`)
}

function hasDisplay() {
  if (process.env.CI || process.env.SSH_CONNECTION) return false
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/** @param {string} url */
function openBrowser(url) {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url]
  const opener = spawn(program, args, { stdio: 'ignore', detached: true })
  opener.on('error', () => console.log('Open the address in Chrome.'))
  opener.unref()
}
