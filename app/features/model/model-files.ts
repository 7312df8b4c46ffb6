import type { FileReference } from '../../../src/session/files.ts'

/** What of a dropped folder belongs to a model in the Hugging Face layout. */
const MODEL_FILE = /\.(json|safetensors|jinja)$/i
const MODEL_CARD = /^readme\.md$/i

interface DroppedFile extends File {
  /** Set by the drop area for files out of a folder. */
  readonly path?: string
  readonly relativePath?: string
}

/**
 * The model among dropped files: its name (the folder's), its files by their names in the folder, and its model card. Null when nothing
 * there looks like a model. Only the folder that holds config.json counts, not those inside it.
 */
export function modelAmong(
  files: readonly DroppedFile[],
): { name: string; files: FileReference[]; card: File | null } | null {
  const placed = files.map((file) => ({ file, path: pathOf(file) }))
  const config = placed.find(({ path }) => path.endsWith('config.json') && lastPart(path) === 'config.json')
  const folder = config ? parentOf(config.path) : placed.length > 0 ? parentOf(placed[0].path) : ''
  const own = placed.filter(({ file, path }) => parentOf(path) === folder && MODEL_FILE.test(file.name))
  if (own.length === 0) return null
  return {
    name:
      lastPart(folder) ||
      own.find(({ file }) => file.name.endsWith('.safetensors'))?.file.name ||
      own[0].file.name,
    files: own.map(({ file }) => ({ kind: 'blob', name: file.name, blob: file })),
    card:
      placed.find(({ file, path }) => parentOf(path) === folder && MODEL_CARD.test(file.name))?.file ?? null,
  }
}

function pathOf(file: DroppedFile): string {
  const path = file.webkitRelativePath || file.relativePath || file.path || file.name
  return path.replace(/^\.?\//, '')
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const parentOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '')
