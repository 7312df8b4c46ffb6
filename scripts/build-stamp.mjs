/**
 * Whether a build is of the sources as they are now. A stamp is the hash of every source's path and bytes (times would
 * not survive a checkout); it is kept in .cache/, beside neither the sources nor what is served.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * @param {string} root
 * @param {string[]} sources files and folders, relative to root; those missing count as absent
 * @returns {string} hexadecimal SHA-256
 */
export function sourceHash(root, sources) {
  const hash = createHash('sha256')
  for (const path of sources.flatMap((source) => filesUnder(root, source)).sort()) {
    const bytes = readFileSync(join(root, path))
    hash.update(`${path}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex')
}

/**
 * @param {string} stampFile
 * @param {string} hash
 */
export function isCurrent(stampFile, hash) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash
}

/**
 * @param {string} stampFile
 * @param {string} hash
 */
export function writeStamp(stampFile, hash) {
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, hash)
}

/**
 * Tests and golden data build nothing.
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function filesUnder(root, path) {
  const absolute = join(root, path)
  if (!existsSync(absolute)) return []
  if (statSync(absolute).isFile()) return /\.test\.tsx?$/.test(path) ? [] : [path]
  return readdirSync(absolute)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => filesUnder(root, `${path}/${name}`))
}
