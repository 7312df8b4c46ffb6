/**
 * Finds a Chrome or Chromium on this machine, and installs one where there is none.
 * What it is launched with is in chromium-args.mjs.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

const INSTALL_TIMEOUT_MS = 10 * 60_000

/**
 * What the finder needs to know of a machine; tests pass their own.
 * @typedef {object} Machine
 * @property {NodeJS.Platform} platform
 * @property {Record<string, string | undefined>} env
 * @property {(path: string) => boolean} runs whether the program at this path starts
 * @property {() => string | undefined} playwrightChromium where Playwright keeps its own Chromium
 */

/** @type {Machine} */
export const thisMachine = {
  platform: process.platform,
  env: process.env,
  runs,
  playwrightChromium,
}

/**
 * The path of a Chrome or Chromium that starts, or undefined. CHROME_PATH comes first, then Playwright's own,
 * then the system's.
 * @param {Machine} machine
 * @returns {string | undefined}
 * @throws {Error} CHROME_PATH is set to something that does not start
 */
export function findBrowser(machine = thisMachine) {
  const chosen = machine.env.CHROME_PATH
  if (chosen) {
    if (machine.runs(chosen)) return chosen
    throw new Error(
      `CHROME_PATH is ${chosen}, which does not start. Set it to a Chrome or Chromium program, or unset it.`,
    )
  }
  const own = machine.playwrightChromium()
  return [...new Set([...(own ? [own] : []), ...systemBrowsers(machine)])].find((path) => machine.runs(path))
}

/**
 * findBrowser, else an installation: Playwright's Chromium, else the distribution's (as root, with apt).
 * Progress goes to standard error.
 * @returns {string}
 * @throws {Error} nothing could be installed; says what to do
 */
export function ensureBrowser() {
  const found = findBrowser()
  if (found) return found
  for (const install of [installPlaywrightChromium, installWithApt]) {
    install()
    const installed = findBrowser()
    if (installed) return installed
  }
  throw new Error(
    'No Chrome or Chromium was found, and none could be installed.\n' +
      'Install Google Chrome or Chromium (Debian, Ubuntu: apt-get install chromium), or run\n' +
      '`npx playwright install --with-deps chromium`, or set CHROME_PATH to the program.',
  )
}

/**
 * The environment a browser is started with: this process's, with a home folder that can be written to
 * (Chromium's crash handler ends the browser where there is none).
 * @returns {Record<string, string>}
 */
export function browserEnv() {
  const env = /** @type {Record<string, string>} */ ({ ...process.env })
  const home = env.HOME
  if (process.platform !== 'win32' && !(home && isWritableFolder(home)))
    env.HOME = mkdtempSync(join(tmpdir(), 'nibble-home-'))
  return env
}

/**
 * The folder that holds the real program: distributions put a wrapper script on the path.
 * @param {string} browserPath
 */
export function browserFolders(browserPath) {
  return [
    dirname(browserPath),
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/usr/lib64/chromium-browser',
    '/opt/google/chrome',
  ]
}

/** @param {Machine} machine */
function systemBrowsers({ platform, env }) {
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Google Chrome Canary', 'Microsoft Edge']
    return ['/Applications', join(env.HOME ?? homedir(), 'Applications')].flatMap((folder) =>
      apps.map((app) => `${folder}/${app}.app/Contents/MacOS/${app}`),
    )
  }
  if (platform === 'win32') {
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(
      (folder) => folder !== undefined,
    )
    const programs = [
      'Google\\Chrome\\Application\\chrome.exe',
      'Chromium\\Application\\chrome.exe',
      'Microsoft\\Edge\\Application\\msedge.exe',
    ]
    return folders.flatMap((folder) => programs.map((program) => `${folder}\\${program}`))
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge']
  const folders = [...(env.PATH ?? '').split(':').filter(Boolean), '/usr/bin', '/usr/local/bin', '/snap/bin']
  return names.flatMap((name) => folders.map((folder) => `${folder}/${name}`))
}

/**
 * A program may be there and not start: libraries of a fresh Playwright download are often missing, and Ubuntu's
 * chromium-browser is a script that only says 'install the snap'.
 * @param {string} path
 */
function runs(path) {
  if (!existsSync(path)) return false
  if (process.platform === 'win32') return true // there --version opens a window
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000, env: browserEnv() }).status === 0
}

function playwrightChromium() {
  try {
    return require('playwright').chromium.executablePath()
  } catch {
    return undefined
  }
}

function installPlaywrightChromium() {
  const cli = join(dirname(require.resolve('playwright/package.json')), 'cli.js')
  if (!reachesPlaywright()) {
    console.error('No Chromium here, and the Playwright download site cannot be reached.')
    return
  }
  console.error('No Chromium here: downloading the one Playwright offers …')
  const withLibraries = process.platform === 'linux' && isRoot() ? ['--with-deps'] : []
  spawnSync(process.execPath, [cli, 'install', '--no-shell', ...withLibraries, 'chromium'], {
    stdio: ['ignore', 2, 2],
    timeout: INSTALL_TIMEOUT_MS,
  })
}

/** Playwright itself retries an unreachable site for minutes; five seconds tell. Behind a proxy only it can tell. */
function reachesPlaywright() {
  if (process.env.HTTPS_PROXY || process.env.https_proxy || process.env.PLAYWRIGHT_DOWNLOAD_HOST) return true
  const probe = `fetch('https://cdn.playwright.dev', { method: 'HEAD', signal: AbortSignal.timeout(5000) }).then(() => process.exit(0), () => process.exit(1))`
  return spawnSync(process.execPath, ['-e', probe], { stdio: 'ignore', timeout: 10_000 }).status === 0
}

function installWithApt() {
  if (process.platform !== 'linux' || !isRoot() || !existsSync('/usr/bin/apt-get')) return
  console.error('Installing the chromium package with apt-get …')
  const options = {
    stdio: /** @type {import('node:child_process').StdioOptions} */ (['ignore', 2, 2]),
    timeout: INSTALL_TIMEOUT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  spawnSync('apt-get', ['update'], options)
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options)
}

function isRoot() {
  return process.getuid?.() === 0
}

/** @param {string} path */
function isWritableFolder(path) {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
