import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The studio's own folder, where package.json and dist/ lie: that of the built runner, unless NIBBLE_ROOT names it. */
export function studioRoot(): string {
  if (process.env.NIBBLE_ROOT) return process.env.NIBBLE_ROOT
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}
