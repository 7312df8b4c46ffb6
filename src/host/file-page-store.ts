import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { PageStore } from '../optim/page-store.ts'

const UNFINISHED = '.part'

/** A page store in a folder, a file a key. The folder is made when it is missing; what a crash left unfinished is removed. */
export async function openFilePageStore(folder: string): Promise<PageStore> {
  await mkdir(folder, { recursive: true })
  for (const path of await filesIn(folder)) if (path.endsWith(UNFINISHED)) await rm(path, { force: true })
  const pathOf = (key: string) => {
    if (!/^[\w.-]+(\/[\w.-]+)*$/.test(key) || /(^|\/)\.\.?(\/|$)/.test(key))
      throw new Error(`${key} is no key of a page store`)
    return join(folder, ...key.split('/'))
  }
  let writes = 0
  return {
    async get(key) {
      try {
        const bytes = await readFile(pathOf(key))
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    },
    async put(key, bytes) {
      const path = pathOf(key)
      const unfinished = `${path}.${writes++}${UNFINISHED}`
      await mkdir(dirname(path), { recursive: true })
      try {
        await synced(await open(unfinished, 'w'), (file) => file.writeFile(bytes))
        await rename(unfinished, path)
        // A rename is durable once its folder is.
        if (process.platform !== 'win32') await synced(await open(dirname(path), 'r'))
      } catch (error) {
        await rm(unfinished, { force: true }).catch(() => {})
        throw error
      }
    },
    async delete(keys) {
      for (const key of keys) await rm(pathOf(key), { force: true })
    },
    async list(prefix) {
      const keys = (await filesIn(folder)).map((path) => relative(folder, path).split(sep).join('/'))
      return keys.filter((key) => key.startsWith(prefix) && !key.endsWith(UNFINISHED))
    },
  }
}

async function synced(file: FileHandle, write?: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write?.(file)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
