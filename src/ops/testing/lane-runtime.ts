import { createRuntime } from '../../gpu/runtime.ts'
import type { Runtime } from '../../graph/executable.ts'

let runtime: Promise<Runtime> | undefined

/** Dawn's instance must outlive its devices, and nothing else holds it: collected, it takes the process with it. */
let dawnInstance: GPU | undefined

/** The GPU that kernel tests run on, opened once: the browser's own, or Dawn's where the tests run in Node. */
export function laneRuntime(): Promise<Runtime> {
  runtime ??= findGpu().then(createRuntime)
  return runtime
}

/** What `navigator.gpu` is, in a browser or in Node. */
export async function findGpu(): Promise<GPU> {
  if (typeof document !== 'undefined') {
    if (!navigator.gpu) throw new Error('this browser has no WebGPU: the GPU lane would test nothing')
    return navigator.gpu
  }
  if (dawnInstance) return dawnInstance
  // Vite must not follow this import into a browser bundle: it is a native addon.
  const dawn = 'webgpu'
  const { create, globals } = (await import(/* @vite-ignore */ dawn)) as typeof import('webgpu')
  Object.assign(globalThis, globals)
  dawnInstance = create([])
  return dawnInstance
}
