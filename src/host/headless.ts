/**
 * The page without a face: carries messages between the engine's worker (the same one as the studio's) and the process
 * that opened the page.
 */
import type { FromEngine } from '../session/protocol.ts'
import { errorToData, StudioError } from '../util/errors.ts'
import { detachBinary } from './binary-exchange.ts'
import { type FromPage, type HeadlessWindow, UPLOAD_PATH } from './headless-bridge.ts'

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

async function upload(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const response = await fetch(new URL(UPLOAD_PATH, location.href), { method: 'POST', body: bytes })
  if (!response.ok)
    throw new StudioError('host/upload', `A result could not be handed over: ${response.status}`)
  return Number(await response.text())
}

function send(message: FromPage): void {
  void page.nibbleToHost(message)
}

function fail(error: unknown): void {
  send({ type: 'failed', error: errorToData(error) })
}
