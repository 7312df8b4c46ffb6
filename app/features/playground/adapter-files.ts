import type { FileReference, OutputFile } from '../../../src/session/files.ts'
import type { RunRecord } from '../../stores/history-record.ts'

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
    name: lastPart(folder) || 'adapter',
    files: own.map((file) => ({ kind: 'blob', name: file.name, blob: file })),
  }
}

/** The runs of this browser whose adapters fit the open model. */
export const runsWithAdapter = (records: readonly RunRecord[], model: string): RunRecord[] =>
  records.filter((record) => {
    const kept = new Set(record.files.map(({ path }) => lastPart(path)))
    return record.model === model && ADAPTER_FILES.every((name) => kept.has(name))
  })

/** A kept run's adapter as files to open. */
export const keptAdapter = (files: readonly OutputFile[]): FileReference[] =>
  files
    .filter(({ path }) => ADAPTER_FILES.includes(lastPart(path)))
    .map(({ path, bytes }) => ({ kind: 'blob', name: lastPart(path), blob: new Blob([bytes]) }))

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function folderOf(file: DroppedFile): string {
  const path = (file.webkitRelativePath || file.path || file.name).replace(/^\.?\//, '')
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}
