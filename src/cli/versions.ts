import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Version of an installed package, or "unknown". */
export function packageVersion(name: string): string {
  try {
    // Entries may keep package.json out of `exports`; its folder is beside the entry's.
    const entry = require.resolve(name)
    const folder = entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`) + `node_modules/${name}/`.length)
    return versionIn(`${folder}package.json`)
  } catch {
    return 'unknown'
  }
}

/** Version in a package.json. */
export function versionIn(path: string): string {
  try {
    return String((JSON.parse(readFileSync(path, 'utf8')) as { version?: unknown }).version ?? 'unknown')
  } catch {
    return 'unknown'
  }
}
