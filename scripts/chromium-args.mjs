/** The switches that a headless Chromium needs for WebGPU. */
import { readdirSync } from 'node:fs'

/**
 * software: SwiftShader, the same on every machine (tests always use it). hardware: the GPU. auto: hardware where the
 * machine shows one. NIBBLE_ADAPTER sets it.
 * @typedef {'software' | 'hardware' | 'auto'} AdapterChoice
 */

const QUIET = [
  '--no-sandbox', // containers and root have no user namespaces; the only pages opened are our own
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

const SOFTWARE = ['--use-webgpu-adapter=swiftshader', '--use-vulkan=swiftshader']

/** ANGLE on Vulkan, without a window to present to: a GPU server has no display. */
const LINUX_HARDWARE = ['--ignore-gpu-blocklist', '--use-angle=vulkan']

/**
 * @param {AdapterChoice} adapter
 * @param {{ platform: NodeJS.Platform, hasGpu: () => boolean }} machine
 * @returns {string[]}
 */
export function chromiumArgs(adapter = 'software', machine = { platform: process.platform, hasGpu }) {
  const software = adapter === 'software' || (adapter === 'auto' && !machine.hasGpu())
  const vulkan =
    software || machine.platform === 'linux' ? ['--enable-features=Vulkan', '--disable-vulkan-surface'] : []
  const chosen = software ? SOFTWARE : machine.platform === 'linux' ? LINUX_HARDWARE : []
  return ['--enable-unsafe-webgpu', ...vulkan, ...chosen, ...QUIET]
}

/**
 * NIBBLE_ADAPTER, or auto.
 * @param {Record<string, string | undefined>} env
 * @returns {AdapterChoice}
 * @throws {Error} any other word
 */
export function adapterChoice(env = process.env) {
  const word = env.NIBBLE_ADAPTER || 'auto'
  if (word === 'software' || word === 'hardware' || word === 'auto') return word
  throw new Error(`NIBBLE_ADAPTER is ${word}; expected software, hardware or auto.`)
}

/** Whether the machine shows a GPU. Only Linux is commonly without one. */
export function hasGpu() {
  if (process.platform !== 'linux') return true
  return (
    entries('/dev').some((name) => /^nvidia\d/.test(name)) ||
    entries('/dev/dri').some((name) => name.startsWith('renderD'))
  )
}

/** @param {string} folder */
function entries(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
