/** One build of a kind at a time: commands started side by side wait for the first one's build and then use it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 200
/** A lock folder without a process id in it is being made right now, unless it stays so. */
const NAMELESS_LIMIT_MS = 5_000

/**
 * Runs `work` while holding the lock. A lock whose process has died is taken over.
 * @template T
 * @param {string} folder made while the lock is held
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, work) {
  mkdirSync(join(folder, '..'), { recursive: true })
  let namelessSince = 0
  while (!tryMake(folder)) {
    const owner = ownerOf(folder)
    if (owner === undefined) namelessSince ||= Date.now()
    else namelessSince = 0
    const nameless = namelessSince > 0 && Date.now() - namelessSince > NAMELESS_LIMIT_MS
    if (nameless || (owner !== undefined && !isAlive(owner))) rmSync(folder, { recursive: true, force: true })
    else await delay(POLL_MS)
  }
  try {
    writeFileSync(join(folder, 'pid'), String(process.pid))
    return await work()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder */
function tryMake(folder) {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
}

/** @param {string} folder */
function ownerOf(folder) {
  try {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}
