import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { findBrowser } from '../../../scripts/browser.mjs'
import { app, cli, ensureBuilt, root } from '../../../scripts/build.mjs'
import { chooseVulkanDriver } from '../../../scripts/vulkan.mjs'
import type { RuntimeName } from '../../../src/cli/command.ts'

export interface CliResult {
  code: number
  stdout: string
  stderr: string
}

/** Longer than any command here takes: a hang is a failure, not a wait. */
const LIMIT_MS = 150_000

/** The studio that the Chromium runtime drives. */
let appReady: Promise<string> | undefined

let ready: Promise<{ runner: string; env: Record<string, string> }> | undefined

/** What `npm run cli` does before every command, done once: builds the runner, finds the browser and the Vulkan driver. */
async function prepare() {
  const runner = join(await ensureBuilt(cli), cli.entry)
  const software = { ...process.env, NIBBLE_ADAPTER: 'software' }
  return {
    runner,
    env: {
      ...chooseVulkanDriver(software).env,
      CHROME_PATH: findBrowser() ?? '',
      NIBBLE_ADAPTER: 'software',
      NIBBLE_ROOT: root,
    },
  }
}

/** What starts the built runner as `npm run cli -- …args` would, on the software adapter. */
export async function cliProgram(runtime: RuntimeName, args: readonly string[]) {
  ready ??= prepare()
  const { runner, env } = await ready
  if (runtime === 'chromium') {
    appReady ??= ensureBuilt(app)
    await appReady
  }
  return {
    program: process.execPath,
    args: [runner, ...args, '--runtime', runtime],
    env: { ...process.env, ...env },
  }
}

/** Runs the built runner to its end. */
export async function runCli(runtime: RuntimeName, args: readonly string[]): Promise<CliResult> {
  const started = await cliProgram(runtime, args)
  return runProgram(started.program, started.args, started.env)
}

/** Runs the documented command itself, `npm run --silent cli -- …args`. */
export function runNpmCli(args: readonly string[]): Promise<CliResult> {
  return runProgram('npm', ['run', '--silent', 'cli', '--', ...args], {
    ...process.env,
    NIBBLE_ADAPTER: 'software',
  })
}

/** Runs a program to its end, or to the time limit. */
export function runProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const result: CliResult = { code: -1, stdout: '', stderr: '' }
    const limit = setTimeout(() => {
      result.stderr += `\n(ended after ${LIMIT_MS / 1000} s)`
      child.kill('SIGTERM')
    }, LIMIT_MS)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      result.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      result.stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(limit)
      resolve({ ...result, code: code ?? -1 })
    })
  })
}
