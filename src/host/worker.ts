/**
 * The engine in a worker, for the page and for the headless page alike. Nothing of the engine runs on a page's own
 * thread; here is the one place where it meets navigator.gpu.
 */
import { createLocalEngine } from '../session/local-engine.ts'
import { type FromEngine, serveEngine, type ToEngine } from '../session/protocol.ts'
import { StudioError } from '../util/errors.ts'
import { resolvePageFile } from './page-files.ts'
import { openPageStorage } from './page-storage.ts'
import { pageTemplates } from './page-templates.ts'
import { sharedRuntime } from './shared-runtime.ts'
import { webRunLocks } from './web-locks.ts'

const scope = self as unknown as DedicatedWorkerGlobalScope

const engine = createLocalEngine({
  runtime: sharedRuntime(browserGpu),
  resolveFile: resolvePageFile,
  openStore: openPageStorage,
  runLocks: webRunLocks(navigator.locks),
  runTemplate: pageTemplates(),
})

serveEngine(engine, {
  send: (message: FromEngine) => scope.postMessage(message),
  onMessage: (listener) => {
    scope.addEventListener('message', ({ data }: MessageEvent<ToEngine>) => listener(data))
  },
})

async function browserGpu(): Promise<GPU> {
  const gpu = (navigator as { gpu?: GPU }).gpu
  if (gpu) return gpu
  if (!scope.isSecureContext) {
    throw new StudioError('device/insecure', 'WebGPU is only given to secure pages', {
      hint: 'Open the studio over https, or at http://localhost or http://127.0.0.1.',
    })
  }
  throw new StudioError('device/no-webgpu', 'This browser has no WebGPU in workers', {
    hint: 'Use a current Chrome or Edge (version 121 or newer), and keep hardware acceleration switched on.',
  })
}
