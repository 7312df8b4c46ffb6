import { expect, test } from 'vitest'
import { adapterChoice, chromiumArgs } from './chromium-args.mjs'

const linux = { platform: 'linux' as const, hasGpu: () => true }
const mac = { platform: 'darwin' as const, hasGpu: () => true }

test('software is SwiftShader on every machine', () => {
  for (const machine of [linux, mac]) {
    expect(chromiumArgs('software', machine)).toContain('--use-webgpu-adapter=swiftshader')
  }
})

test('hardware names no software adapter', () => {
  for (const machine of [linux, mac]) {
    expect(chromiumArgs('hardware', machine).join(' ')).not.toContain('swiftshader')
  }
  expect(chromiumArgs('hardware', linux)).toContain('--enable-features=Vulkan')
})

test('auto is hardware where the machine shows a GPU', () => {
  expect(chromiumArgs('auto', linux)).toEqual(chromiumArgs('hardware', linux))
  const bare = { ...linux, hasGpu: () => false }
  expect(chromiumArgs('auto', bare)).toEqual(chromiumArgs('software', bare))
})

test('NIBBLE_ADAPTER chooses, and a misspelt word is refused', () => {
  expect(adapterChoice({})).toBe('auto')
  expect(adapterChoice({ NIBBLE_ADAPTER: 'hardware' })).toBe('hardware')
  expect(() => adapterChoice({ NIBBLE_ADAPTER: 'gpu' })).toThrow('expected software, hardware or auto')
})
