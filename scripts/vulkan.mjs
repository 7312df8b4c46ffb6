/**
 * Which Vulkan driver Dawn in Node (npm package webgpu) uses on Linux. A GPU's own driver is left alone; without a GPU
 * it is Mesa's lavapipe, else the SwiftShader that every Chromium brings, with its Vulkan loader where the system has none.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { browserFolders, findBrowser } from './browser.mjs'
import { adapterChoice, hasGpu } from './chromium-args.mjs'

const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d']

/** Older lavapipes lack features that Dawn asks for, or compute wrongly. */
const OLDEST_MESA = 24

const PROBE = fileURLToPath(new URL('./vulkan-probe.mjs', import.meta.url))

/**
 * @typedef {object} DriverChoice
 * @property {Record<string, string>} env to set before the process that loads Dawn starts
 * @property {string} adapter what Dawn then calls its adapter, or why the drivers were left alone
 */

/**
 * @param {Record<string, string | undefined>} env
 * @returns {DriverChoice}
 */
export function chooseVulkanDriver(env = process.env) {
  if (process.platform !== 'linux') return { env: {}, adapter: 'the system’s' }
  if (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES) return { env: {}, adapter: 'chosen by VK_DRIVER_FILES' }
  const wanted = adapterChoice(env)
  if (wanted === 'hardware' || (wanted === 'auto' && hasGpu())) return { env: {}, adapter: 'the GPU’s' }
  for (const candidate of softwareDrivers(env)) {
    const adapter = dawnAdapter(candidate)
    if (adapter && isRecent(adapter)) return { env: candidate, adapter }
  }
  return { env: {}, adapter: 'none found' }
}

/**
 * @param {Record<string, string | undefined>} env
 * @returns {Generator<Record<string, string>>}
 */
function* softwareDrivers(env) {
  for (const driver of ICD_FOLDERS.flatMap((folder) => drivers(folder, /^lvp_icd.*\.json$/)))
    yield { VK_DRIVER_FILES: driver }
  const browser = findBrowser()
  for (const folder of browser ? browserFolders(realpathSync(browser)) : []) {
    for (const driver of drivers(folder, /^vk_swiftshader_icd\.json$/)) {
      yield { VK_DRIVER_FILES: driver }
      const libraries = [dirname(driver), env.LD_LIBRARY_PATH].filter(Boolean).join(':')
      yield { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: libraries }
    }
  }
}

/**
 * @param {string} folder
 * @param {RegExp} name
 */
function drivers(folder, name) {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => name.test(file))
    .map((file) => join(folder, file))
}

/**
 * Asked in a child process: the drivers are read once, when the first adapter is asked for.
 * @param {Record<string, string>} env
 * @returns {string | undefined}
 */
function dawnAdapter(env) {
  const child = spawnSync(process.execPath, [PROBE], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 30_000,
  })
  return child.status === 0 ? child.stdout.trim() || undefined : undefined
}

/**
 * @param {string} adapter
 */
export function isRecent(adapter) {
  const mesa = /Mesa (\d+)\./.exec(adapter)
  return !mesa || Number(mesa[1]) >= OLDEST_MESA
}
