/**
 * `npm test`: every lane in turn, whatever happened to the one before; ends with a table and one line of totals.
 * `node scripts/test.mjs unit gpu` runs only those. NIBBLE_FULL=1 adds the long tests.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ensureBrowser } from './browser.mjs'
import { app, cli, ensureBuilt, root } from './build.mjs'
import { lanes } from './lanes.mjs'
import { countPlaywright, countVitest, judge, sentence, skippedNames, sum } from './test-counts.mjs'
import { chooseVulkanDriver } from './vulkan.mjs'

/** @typedef {import('./lanes.mjs').Lane} Lane */
/** @typedef {import('./test-counts.mjs').Counts} Counts */

const full = process.env.NIBBLE_FULL === '1'
const LANE_LIMIT_MS = (full ? 120 : 12) * 60_000

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !lanes.some((lane) => lane.name === name))
if (unknown.length > 0) {
  console.error(`No lane ${unknown.join(', ')}. Lanes: ${lanes.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}

/** @type {{ name: string, counts: Counts, seconds: number }[]} */
const results = []
/** @type {string[]} */
const skipped = []
for (const lane of lanes.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  console.log(`\n── ${lane.name} ──`)
  const startedAt = Date.now()
  const counts = await runLane(lane)
  results.push({ name: lane.name, counts, seconds: (Date.now() - startedAt) / 1000 })
}

const total = sum(results.map(({ counts }) => counts))
console.log('')
for (const name of skipped) console.log(`skipped ${name}`)
for (const { name, counts, seconds } of results)
  console.log(`${name.padEnd(7)} ${seconds.toFixed(0).padStart(5)} s  ${sentence(counts)}`)
console.log(sentence(total))
process.exitCode = total.failed > 0 ? 1 : 0

/**
 * @param {Lane} lane
 * @returns {Promise<Counts>}
 */
async function runLane(lane) {
  const report = join(root, '.cache', 'test', `${lane.name}.json`)
  mkdirSync(dirname(report), { recursive: true })
  rmSync(report, { force: true })
  /** @type {Record<string, string>} */
  const env = { NIBBLE_ADAPTER: 'software' }
  try {
    if (lane.needsBrowser) env.CHROME_PATH = ensureBrowser()
    if (lane.needsDawn) Object.assign(env, chooseVulkanDriver({ ...process.env, ...env }).env)
    if (lane.needsApp) await ensureBuilt(app)
    if (lane.needsCli) await ensureBuilt(cli)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  const reportArgs = lane.counts === 'vitest' ? [`--outputFile.json=${report}`] : []
  if (lane.counts === 'playwright') env.PLAYWRIGHT_JSON_OUTPUT_FILE = report
  const exitCode = await runProgram([...lane.command, ...reportArgs], env)
  if (lane.counts === 'exit')
    return judge({ passed: exitCode === 0 ? 1 : 0, failed: 0, skipped: 0 }, { exitCode })
  return judge(readCounts(lane, report), { exitCode, mustRun: lane.mustRun })
}

/**
 * @param {Lane} lane
 * @param {string} report
 */
function readCounts(lane, report) {
  try {
    const json = JSON.parse(readFileSync(report, 'utf8'))
    skipped.push(...skippedNames(json).map((name) => `${lane.name}: ${name}`))
    return lane.counts === 'vitest' ? countVitest(json) : countPlaywright(json)
  } catch {
    return undefined
  }
}

/**
 * Runs a program of node_modules in a process group of its own, so that the time limit also ends what it started.
 * @param {string[]} command
 * @param {Record<string, string>} env
 * @returns {Promise<number>} exit code
 */
function runProgram([program, ...args], env) {
  return new Promise((resolve) => {
    const ownGroup = process.platform !== 'win32'
    const child = spawn(process.execPath, [join(root, 'node_modules', program), ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: ownGroup,
    })
    /** @param {NodeJS.Signals} signal */
    const end = (signal) => {
      try {
        if (child.pid) process.kill(ownGroup ? -child.pid : child.pid, signal)
      } catch {
        // it has ended by itself
      }
    }
    const interrupt = () => {
      end('SIGTERM')
      process.exit(130)
    }
    const limit = setTimeout(() => {
      console.error(`Stopped after ${LANE_LIMIT_MS / 60_000} minutes.`)
      end('SIGKILL')
    }, LANE_LIMIT_MS)
    process.once('SIGINT', interrupt)
    process.once('SIGTERM', interrupt)
    child.on('error', (error) => console.error(error.message))
    child.on('close', (code) => {
      clearTimeout(limit)
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
      resolve(code ?? 1)
    })
  })
}
