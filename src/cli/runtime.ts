import type { Engine } from '../session/engine.ts'
import type { FileReference, StorageReference } from '../session/files.ts'
import type { RuntimeName } from './command.ts'
import type { CommandOutput } from './output.ts'

/** An engine with what a command needs around it. */
export interface OpenEngine {
  engine: Engine
  /** A file of this machine as the engine can open it. */
  reference(path: string): FileReference
  /** A folder of this machine, made when it is missing, as the engine can keep checkpoints in it. */
  storage(folder: string): StorageReference
  /** What computed, for run.json: `{ chromium: "140.0…" }`. */
  versions: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Opens the engine of the chosen runtime when it is first needed, and closes it in any case. */
export interface EngineAccess {
  readonly runtime: RuntimeName
  open(): Promise<OpenEngine>
  close(): Promise<void>
}

export function engineAccess(runtime: RuntimeName, output: CommandOutput): EngineAccess {
  let opened: Promise<OpenEngine> | undefined
  return {
    runtime,
    open() {
      opened ??= load(runtime, output)
      return opened
    },
    async close() {
      const engine = await opened?.catch(() => undefined)
      await engine?.close()
    },
  }
}

async function load(runtime: RuntimeName, output: CommandOutput): Promise<OpenEngine> {
  if (runtime === 'dawn') {
    const { openDawnEngine } = await import('./dawn-engine.ts')
    return openDawnEngine()
  }
  const { openChromiumEngine } = await import('./chromium/chromium-engine.ts')
  return openChromiumEngine(output)
}
