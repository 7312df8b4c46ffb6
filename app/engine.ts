import type { Engine } from '../src/session/engine.ts'
import { type FromEngine, proxyEngine } from '../src/session/protocol.ts'
import { StudioError } from '../src/util/errors.ts'

/**
 * The engine in its worker. `onCrash` is told once when the worker cannot go on; every command under way rejects with
 * the same reason.
 */
export function connectEngine(onCrash: (reason: StudioError) => void): Engine {
  const worker = new Worker(new URL('../src/host/worker.ts', import.meta.url), {
    type: 'module',
    name: 'engine',
  })
  const engine = proxyEngine({
    send: (message) => worker.postMessage(message),
    onMessage: (listener) =>
      worker.addEventListener('message', (event: MessageEvent<FromEngine>) => listener(event.data)),
  })
  const crash = (message: string, details?: string) => {
    worker.terminate()
    const reason = new StudioError('engine/crashed', message, { details })
    engine.fail(reason)
    onCrash(reason)
  }
  worker.addEventListener('error', (event) => {
    const place = event.filename ? `${event.filename}:${event.lineno}:${event.colno}` : undefined
    crash(event.message || 'The engine could not be loaded', place)
  })
  worker.addEventListener('messageerror', () => crash('The engine sent something that could not be read'))
  return engine
}
