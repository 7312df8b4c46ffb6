import type { FileReference } from '../../../src/session/files.ts'

const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors']

interface DroppedFile extends File {
  /** Set by the drop area for files out of a folder. */
  readonly path?: string
}

/** The PEFT adapter among dropped files: its name (the folder's) and its two files. Null when one of them is missing. */
export function adapterAmong(files: readonly DroppedFile[]): { name: string; files: FileReference[] } | null {
  const config = files.find(({ name }) => name === ADAPTER_FILES[0])
  if (!config) return null
  const folder = folderOf(config)
  const own = ADAPTER_FILES.map((name) =>
    files.find((file) => file.name === name && folderOf(file) === folder),
  ).filter((file) => file !== undefined)
  if (own.length < ADAPTER_FILES.length) return null
  return {
    name: folder.slice(folder.lastIndexOf('/') + 1) || 'adapter',
    files: own.map((file) => ({ kind: 'blob', name: file.name, blob: file })),
  }
}

function folderOf(file: DroppedFile): string {
  const path = (file.webkitRelativePath || file.path || file.name).replace(/^\.?\//, '')
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}
