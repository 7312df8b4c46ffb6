import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'

const BUILT = fileURLToPath(new URL('../../dist', import.meta.url))

/** Where the browser is told to report violations: a request there shows up like any other that is not for a file. */
const REPORTS = '/csp-report'

export interface Witness {
  /** Errors on the page's console or thrown in it, violations of its policy among them. */
  complaints: string[]
  /** Requests of the page or its workers that are not for a file of the built studio, with what they carried. */
  strays: string[]
  /** Paths of all other requests. */
  files: string[]
}

/**
 * Watches a page and its workers from before they load. A worker's violations reach no console, so every script is
 * given its policy with an address to report to.
 */
export async function witness(page: Page): Promise<Witness> {
  const seen: Witness = { complaints: [], strays: [], files: [] }
  const built = new Set(['/', ...filesOf(BUILT)])
  let origin: string | undefined
  page.on('pageerror', (error) => seen.complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') seen.complaints.push(message.text())
  })
  page.on('websocket', (socket) => seen.strays.push(`websocket ${socket.url()}`))
  page.context().on('request', (request) => {
    const url = new URL(request.url())
    origin ??= url.origin
    if (url.protocol === 'blob:' && url.origin === origin) return
    if (request.method() === 'GET' && url.origin === origin && built.has(url.pathname) && !url.search)
      seen.files.push(url.pathname)
    else seen.strays.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`)
  })
  await page.context().route(/\.js$/, async (route) => {
    const response = await route.fetch()
    const headers = response.headers()
    const policy = `${headers['content-security-policy']}; report-uri ${REPORTS}`
    await route.fulfill({ response, headers: { ...headers, 'content-security-policy': policy } })
  })
  return seen
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'))
}
