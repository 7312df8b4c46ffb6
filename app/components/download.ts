/** Hands a finished file to the browser's downloads. */
export function downloadFile(name: string, content: BlobPart, type = 'application/octet-stream'): void {
  const address = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  document.body.append(link)
  link.click()
  link.remove()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

/** The last part of a path: `adapter/adapter_config.json` → `adapter_config.json`. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
