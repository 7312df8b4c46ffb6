import { expect, test } from 'vitest'
import { chooseVulkanDriver, isRecent } from './vulkan.mjs'

test('a driver chosen by the user stays chosen', () => {
  expect(chooseVulkanDriver({ VK_DRIVER_FILES: '/mine.json' }).env).toEqual({})
  expect(chooseVulkanDriver({ VK_ICD_FILENAMES: '/mine.json' }).env).toEqual({})
})

test('the GPU’s own driver is left alone when hardware is asked for', () => {
  expect(chooseVulkanDriver({ NIBBLE_ADAPTER: 'hardware' }).env).toEqual({})
})

test('lavapipe counts from Mesa 24 on; other drivers have no such age', () => {
  expect(isRecent('llvmpipe: Mesa 22.3.6 (LLVM 15.0.6)')).toBe(false)
  expect(isRecent('llvmpipe: Mesa 24.0.1 (LLVM 17.0.6)')).toBe(true)
  expect(isRecent('SwiftShader driver 5.0.0')).toBe(true)
})
