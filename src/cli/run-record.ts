import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { DeviceReport } from '../session/reports.ts'
import type { CommandInputs } from './inputs.ts'
import type { OpenEngine } from './runtime.ts'
import { studioRoot } from './studio-root.ts'
import { versionIn } from './versions.ts'

interface FileRecord {
  name: string
  sizeBytes: number
  sha256: string
}

/** run.json: all that decided a run, so that it can be repeated and its result trusted. */
export interface RunRecord {
  config: CommandInputs['config']
  seed: number
  model: { name: string; files: FileRecord[] }
  data: FileRecord
  evalData: FileRecord | null
  /** The adapter that was continued. */
  adapter: FileRecord[] | null
  runtime: string
  device: DeviceReport['device']
  uses: string[]
  versions: Record<string, string>
}

export async function runRecord(
  inputs: CommandInputs,
  opened: OpenEngine,
  runtime: string,
  report: DeviceReport,
): Promise<RunRecord> {
  const { model, data, evalData, adapter, config } = inputs
  return {
    config,
    seed: config.train.seed,
    model: { name: model.name, files: await records(model.files) },
    data: await record(data as string),
    evalData: evalData === undefined ? null : await record(evalData),
    adapter: adapter ? await records(adapter) : null,
    runtime,
    device: report.device,
    uses: report.uses,
    versions: {
      'nibble-studio': versionIn(join(studioRoot(), 'package.json')),
      node: process.versions.node,
      ...opened.versions,
    },
  }
}

async function records(paths: readonly string[]): Promise<FileRecord[]> {
  const all: FileRecord[] = []
  for (const path of paths) all.push(await record(path))
  return all
}

async function record(path: string): Promise<FileRecord> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { name: basename(path), sizeBytes: statSync(path).size, sha256: hash.digest('hex') }
}
