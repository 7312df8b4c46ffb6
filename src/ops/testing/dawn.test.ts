import { describe, test } from 'vitest'
import { findGpu } from './lane-runtime.ts'

// The same test bodies as in the browser, on Dawn in Node. Short ones: what a kernel computes is the browser lane's to judge.
const adapter = await findGpu().then((gpu) => gpu.requestAdapter())

if (adapter) {
  describe('on Dawn', async () => {
    await import('../rope.gpu.test.ts')
    await import('../embedding.gpu.test.ts')
    await import('../adamw.gpu.test.ts')
  })
} else {
  test.skip('on Dawn: skipped, this machine has no Vulkan driver, not even a software one')
}
