/** The engine in Node, on Dawn (npm package webgpu). Here is the one place where it meets Dawn. */

import type { Engine } from '../session/engine.ts'
import { createLocalEngine } from '../session/local-engine.ts'
import { StudioError } from '../util/errors.ts'
import { resolveNodeFile } from './node-files.ts'
import { openNodeStorage } from './node-storage.ts'
import { nodeTemplates } from './node-templates.ts'
import { sharedRuntime } from './shared-runtime.ts'

/** Which Vulkan driver Dawn uses is decided by VK_DRIVER_FILES before this process starts. */
export function createNodeEngine(): Engine {
  return createLocalEngine({
    runtime: sharedRuntime(dawnGpu),
    resolveFile: resolveNodeFile,
    openStore: openNodeStorage,
    runTemplate: nodeTemplates(),
  })
}

let dawn: GPU | undefined

/** Dawn lives as long as the object that `create` gives, so it is kept. */
async function dawnGpu(): Promise<GPU> {
  if (dawn) return dawn
  const { create, globals } = await import('webgpu').catch((cause: unknown) => {
    throw new StudioError(
      'device/no-dawn',
      `The npm package webgpu does not load here: ${cause instanceof Error ? cause.message : cause}`,
      {
        hint: 'Run npm ci again, or use --runtime chromium.',
        cause,
      },
    )
  })
  Object.assign(globalThis, globals)
  dawn = withAdvice(create([]))
  return dawn
}

/** Without an adapter the advice for browsers would mislead. */
function withAdvice(gpu: GPU): GPU {
  const requestAdapter = gpu.requestAdapter.bind(gpu)
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options)
    if (adapter) return adapter
    throw new StudioError('device/no-adapter', 'Dawn finds no GPU on this machine', {
      hint: 'Install a Vulkan driver (Mesa’s lavapipe does without a GPU), name one in VK_DRIVER_FILES, or use --runtime chromium.',
    })
  }
  return gpu
}
