/** Runs bench/main.ts through Vite (shaders are imported as text), on the Vulkan driver that suits this machine. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import { chooseVulkanDriver } from '../scripts/vulkan.mjs'

const CHILD = 'NIBBLE_BENCH_CHILD'

if (process.env[CHILD]) {
  const { module } = await runnerImport(fileURLToPath(new URL('./main.ts', import.meta.url)))
  await module.main(process.argv.slice(2)).catch((/** @type {Error} */ error) => {
    console.error(error.message)
    process.exitCode = 1
  })
  // Dawn keeps a thread of its own alive.
  process.exit()
} else {
  // The driver has to be named before the process that loads Dawn starts.
  const env = { ...process.env, ...chooseVulkanDriver().env, [CHILD]: '1' }
  const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env,
  })
  process.exitCode = status ?? 1
}
