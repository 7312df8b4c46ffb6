import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { inputError, StudioError } from '../util/errors.ts'

/**
 * Refuses a path that cannot become a folder; makes nothing.
 * @throws input/out
 */
export function checkFolder(option: string, path: string): void {
  const folder = resolve(path)
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw inputError('out', [
      {
        message: `--${option} ${path} is a file, not a folder`,
        fix: 'Name a folder; it is made when it is missing.',
      },
    ])
  }
}

/**
 * Refuses a path that cannot become a file; makes nothing.
 * @throws input/out
 */
export function checkFile(option: string, path: string): void {
  const file = resolve(path)
  if (existsSync(file) && statSync(file).isDirectory()) {
    throw inputError('out', [
      { message: `--${option} ${path} is a folder, not a file`, fix: 'Name a file in it.' },
    ])
  }
}

/**
 * The folder an option names, made when it is missing. Files of other origin in it are left alone.
 * @throws input/out when it cannot be made
 */
export function makeFolder(option: string, path: string): string {
  checkFolder(option, path)
  const folder = resolve(path)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw inputError('out', [
      { message: `--${option} ${path} cannot be made (${why})`, fix: 'Name a folder you may write to.' },
    ])
  }
  return folder
}

/** Whether a folder already holds something. */
export const hasFiles = (folder: string): boolean => readdirSync(folder).length > 0

/** Writes beside the target and renames: a reader never sees half a file. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const unfinished = join(dirname(path), `.${process.pid}-${path.split(/[\\/]/).at(-1)}.part`)
  try {
    mkdirSync(dirname(path), { recursive: true })
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(unfinished, content)
    else await pipeline(content, createWriteStream(unfinished))
    renameSync(unfinished, path)
  } catch (cause) {
    rmSync(unfinished, { force: true })
    throw new StudioError(
      'output/write',
      `${path} cannot be written: ${cause instanceof Error ? cause.message : cause}`,
      {
        hint: 'Look at the free space and the permissions of the folder.',
        cause,
      },
    )
  }
}
