/**
 * The page without a face: carries messages between the engine's worker (the same one as the studio's) and the process
 * that opened the page.
 */
import type { FromEngine } from '../session/protocol.ts'
import { errorToData, StudioError } from '../util/errors.ts'
import { detachBinary } from './binary-exchange.ts'
import { type FromPage, type HeadlessWindow, UPLOAD_NUMBER, UPLOAD_PATH } from './headless-bridge.ts'

const UPLOAD_PIECE_BYTES = 16 << 20

const page = window as unknown as HeadlessWindow

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })

worker.addEventListener('error', (event) => {
  fail(
    new StudioError(
      'host/worker',
      `The engine's worker failed: ${event.message || 'it could not be loaded'}`,
    ),
  )
})
worker.addEventListener('messageerror', () =>
  fail(new StudioError('host/worker', 'A message of the worker could not be read')),
)
worker.addEventListener('message', ({ data }: MessageEvent<FromEngine>) => {
  forward(data).catch(fail)
})

page.nibbleToEngine = (message) => worker.postMessage(message)
send({ type: 'ready' })

async function forward(message: FromEngine): Promise<void> {
  if (message.type !== 'result') return send({ type: 'engine', message })
  send({ type: 'engine', message: { ...message, result: await detachBinary(message.result, upload) } })
}

/** Hands bytes over in pieces: one request of a whole checkpoint is more than a page's memory bears. */
async function upload(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const url = new URL(UPLOAD_PATH, location.href)
  for (let start = 0; start === 0 || start < bytes.length; start += UPLOAD_PIECE_BYTES) {
    // A Blob, because what drives the page is told of every other body in full.
    const body = new Blob([bytes.subarray(start, start + UPLOAD_PIECE_BYTES)])
    const response = await fetch(url, { method: 'POST', body })
    if (!response.ok)
      throw new StudioError('host/upload', `A result could not be handed over: ${response.status}`)
    url.searchParams.set(UPLOAD_NUMBER, await response.text())
  }
  return Number(url.searchParams.get(UPLOAD_NUMBER))
}

function send(message: FromPage): void {
  void page.nibbleToHost(message)
}

function fail(error: unknown): void {
  send({ type: 'failed', error: errorToData(error) })
}
