/**
 * `npm run cli -- COMMAND …`: brings the headless runner (and, for the Chromium runtime, the studio it drives) up to date,
 * then runs it with the same arguments, streams and exit code. What the building says goes to standard error.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { browserEnv, ensureBrowser } from './browser.mjs'
import { app, cli, ensureBuilt, root } from './build.mjs'
import { chooseVulkanDriver } from './vulkan.mjs'

/** The commands that compute on a device; the others need neither a browser nor a driver. */
const DEVICE_COMMANDS = ['finetune', 'evaluate', 'logits', 'generate', 'quantize', 'inspect']

const args = process.argv.slice(2)
try {
  const runner = join(await ensureBuilt(cli), cli.entry)
  run(runner, await environment())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

/** @returns {Promise<Record<string, string>>} */
async function environment() {
  if (!DEVICE_COMMANDS.includes(args[0]) || args.includes('--help')) return {}
  if (option('--runtime') === 'dawn') return chooseVulkanDriver().env
  await ensureBuilt(app)
  return { HOME: browserEnv().HOME ?? '', CHROME_PATH: ensureBrowser() }
}

/** @param {string} name */
function option(name) {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`))
  if (at < 0) return undefined
  return args[at] === name ? args[at + 1] : args[at].slice(name.length + 1)
}

/**
 * @param {string} runner
 * @param {Record<string, string>} env
 */
function run(runner, env) {
  const child = spawn(process.execPath, ['--enable-source-maps', runner, ...args], {
    // npm runs scripts in the package's folder; paths are meant from where the command was typed
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: { ...process.env, ...env, NIBBLE_ROOT: root },
    stdio: 'inherit',
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(error.message)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0)
  })
}
