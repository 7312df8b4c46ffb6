import { basename } from 'node:path'
import { createNodeEngine } from '../host/node.ts'
import type { OpenEngine } from './runtime.ts'
import { packageVersion } from './versions.ts'

/** The engine in this process, on Dawn. */
export function openDawnEngine(): OpenEngine {
  return {
    engine: createNodeEngine(),
    reference: (path) => ({ kind: 'path', name: basename(path), path }),
    storage: (path) => ({ kind: 'folder', path }),
    versions: { dawn: `webgpu ${packageVersion('webgpu')}` },
    // Dawn's threads end with the process, which the caller ends.
    close: async () => {},
  }
}
