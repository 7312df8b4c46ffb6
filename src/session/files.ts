/**
 * A file as a command names it: plain data that crosses a worker or a process boundary. The host turns it into a
 * ByteSource (`FileResolver`), so that the engine never knows where bytes come from.
 */
export type FileReference =
  | { kind: 'blob'; name: string; blob: Blob }
  | { kind: 'url'; name: string; url: string }
  | { kind: 'path'; name: string; path: string }

/** A finished file on its way out, relative to where the person wants it: `adapter/adapter_config.json`. */
export interface OutputFile {
  path: string
  bytes: Uint8Array<ArrayBuffer>
}
