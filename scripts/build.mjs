/**
 * Builds the studio (dist/) and the headless runner (dist-cli/), each only where its sources have changed.
 * Run as a program it builds both; `--force` builds in any case. All output goes to standard error.
 */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { withLock } from './build-lock.mjs'
import { isCurrent, sourceHash, writeStamp } from './build-stamp.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const SHARED_SOURCES = ['src', 'shaders', 'package-lock.json', 'vite.config.ts', 'tsconfig.json']

/**
 * @typedef {object} Build
 * @property {string} name
 * @property {string} outDir
 * @property {string} entry the output file whose presence shows that the build is there
 * @property {string[]} sources
 * @property {string} [ssr] entry of a build that runs in Node
 */

/** @type {Build} */
export const app = {
  name: 'app',
  outDir: 'dist',
  entry: 'index.html',
  sources: [
    ...SHARED_SOURCES,
    'app',
    'public',
    'e2e/golden/nf4.json',
    'e2e/golden/tiny-llama',
    'index.html',
    'headless.html',
    'postcss.config.mjs',
    'scripts/content-security-policy.mjs',
  ],
}

/** @type {Build} */
export const cli = {
  name: 'cli',
  outDir: 'dist-cli',
  entry: 'main.js',
  sources: [...SHARED_SOURCES, 'scripts'],
  ssr: 'src/cli/main.ts',
}

/**
 * Brings one build up to date.
 * @param {Build} target
 * @param {{ force?: boolean }} options
 * @returns {Promise<string>} the absolute output folder
 */
export async function ensureBuilt(target, { force = false } = {}) {
  const outDir = join(root, target.outDir)
  const stampFile = join(root, '.cache', 'build', `${target.name}.stamp`)
  const upToDate = () =>
    existsSync(join(outDir, target.entry)) && isCurrent(stampFile, sourceHash(root, target.sources))
  if (!force && upToDate()) return outDir
  await withLock(join(root, '.cache', 'build', `${target.name}.lock`), async () => {
    if (!force && upToDate()) return
    const hash = sourceHash(root, target.sources)
    await build(target, outDir)
    writeStamp(stampFile, hash)
  })
  return outDir
}

/**
 * Built beside the old output and put in its place at the end: a server or command that is using the old one never sees
 * a half-written folder.
 * @param {Build} target
 * @param {string} outDir
 */
async function build(target, outDir) {
  const startedAt = Date.now()
  const fresh = join(root, '.cache', 'build', `${target.name}-${process.pid}`)
  const vite = await import('vite')
  try {
    await vite.build({
      root,
      configFile: join(root, 'vite.config.ts'),
      logLevel: 'warn', // its progress bar would write to standard output
      customLogger: warningsToStandardError(vite.createLogger('warn')),
      build: { outDir: fresh, emptyOutDir: true, ...(target.ssr ? { ssr: target.ssr } : {}) },
    })
    const old = `${fresh}-old`
    if (existsSync(outDir)) renameSync(outDir, old)
    renameSync(fresh, outDir)
    rmSync(old, { recursive: true, force: true })
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  console.error(`built ${target.outDir}/ in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
}

/**
 * Standard output belongs to the command that needed the build.
 * @param {import('vite').Logger} logger
 * @returns {import('vite').Logger}
 */
function warningsToStandardError(logger) {
  /** @param {string} message */
  const print = (message) => console.error(message)
  return { ...logger, info: () => {}, warn: print, warnOnce: print, error: print }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const force = process.argv.includes('--force')
  try {
    for (const target of [app, cli]) await ensureBuilt(target, { force })
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
