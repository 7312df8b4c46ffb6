import type { MetricName, StepMetrics } from '../../../src/session/events.ts'
import type { OutputFile } from '../../../src/session/files.ts'
import { inputError } from '../../../src/util/errors.ts'
import type { KeptRun, RunRecord } from '../../stores/history-record.ts'
import { metricsJsonl } from '../../stores/run.ts'
import { StepSeries } from '../../stores/step-series.ts'
import {
  metricsLine,
  RUN_FILE_FORMAT,
  RUN_FILE_VERSION,
  runFileHead,
  runFileManifest,
} from './run-file-schema.ts'
import { packZip, refused, unpackZip, type ZipLimits } from './run-file-zip.ts'

/** A whole run as one file that another browser opens: docs/run-file.md. */

export const RUN_FILE_EXTENSION = '.nibblerun'
export const RUN_FILE_TYPE = 'application/zip'

const MANIFEST = 'run.json'
const METRICS = 'metrics.jsonl'
const MIB = 2 ** 20
const GIB = 2 ** 30
const WEIGHTS = /^(adapter|model)\/[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/
const METRIC = /^[a-z0-9_]{1,40}\/[a-z0-9_]{1,60}$/
const MOST_METRICS = 64

const LIMITS: ZipLimits = {
  sizeOf: (path) =>
    path === MANIFEST ? 32 * MIB : path === METRICS ? 256 * MIB : WEIGHTS.test(path) ? GIB : null,
  totalBytes: 1.5 * GIB,
  files: 64,
}

export interface OpenedRun {
  run: KeptRun
  files: OutputFile[]
}

export async function writeRunFile(
  run: KeptRun,
  files: readonly OutputFile[],
): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder()
  const contents: Record<string, Uint8Array<ArrayBuffer>> = {
    [METRICS]: encoder.encode(metricsJsonl({ steps: run.steps, evaluations: [] })),
  }
  const folder = run.record.config.method === 'full' ? 'model' : 'adapter'
  for (const { path, bytes } of files) contents[`${folder}/${path.slice(path.lastIndexOf('/') + 1)}`] = bytes
  const listed = await Promise.all(
    Object.entries(contents).map(async ([path, bytes]) => ({
      path,
      sizeBytes: bytes.length,
      sha256: await sha256(bytes),
    })),
  )
  const { sparkline, sizeBytes, files: kept, importedFrom, ...record } = run.record
  const manifest = {
    format: RUN_FILE_FORMAT,
    version: RUN_FILE_VERSION,
    run: record,
    detail: run.detail,
    files: listed,
  }
  return packZip({ [MANIFEST]: encoder.encode(JSON.stringify(manifest, byName, 1)), ...contents })
}

/** @throws input/run-file for anything but a whole run file of a version that this studio knows */
export async function readRunFile(file: Blob): Promise<OpenedRun> {
  const signature = new Uint8Array(await file.slice(0, 4).arrayBuffer())
  if (signature[0] !== 0x50 || signature[1] !== 0x4b) throw refused('This is not a run file')
  const contents = await unpackZip(file, LIMITS)
  const manifest = readManifest(contents.get(MANIFEST))
  contents.delete(MANIFEST)
  await checkContents(contents, manifest.files)
  const metrics = contents.get(METRICS)
  if (!metrics) throw refused(`It holds no ${METRICS}`)
  const steps = readMetrics(new TextDecoder().decode(metrics))
  const record: RunRecord = {
    ...manifest.run,
    plannedBytes: manifest.run.plannedBytes as RunRecord['plannedBytes'],
    // Nobody here is at work on it.
    status: manifest.run.status === 'running' ? 'interrupted' : manifest.run.status,
    sparkline: { steps: [], losses: [] },
    sizeBytes: 0,
    files: [],
    importedFrom: null,
  }
  const files = [...contents]
    .filter(([path]) => path !== METRICS)
    .map(([path, bytes]) => ({ path: path.slice(path.indexOf('/') + 1), bytes }))
  return { run: { record, detail: manifest.detail as KeptRun['detail'], steps }, files }
}

function readManifest(bytes: Uint8Array | undefined) {
  if (!bytes) throw refused(`It holds no ${MANIFEST}`)
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw refused(`${MANIFEST} in it is not JSON`)
  }
  const head = runFileHead.safeParse(json)
  if (!head.success) {
    const version = (json as { version?: unknown } | null)?.version
    if (typeof version === 'number' && version > RUN_FILE_VERSION) {
      throw inputError('run-file', [
        {
          message: `It was written by a newer studio (version ${version} of the format; this one reads ${RUN_FILE_VERSION})`,
          fix: 'Reload the studio to get its newest version, or use the one that wrote the file.',
        },
      ])
    }
    throw refused(`${MANIFEST} in it does not describe a run`)
  }
  const parsed = runFileManifest.safeParse(json)
  if (parsed.success) return parsed.data
  throw inputError(
    'run-file',
    parsed.error.issues.slice(0, 20).map(({ path, message }) => ({
      message: `${MANIFEST}, ${path.map(String).join('.') || 'as a whole'}: ${message}`,
      fix: 'Download the file again from the studio that wrote it.',
    })),
  )
}

/** The container holds what its manifest lists, bit for bit. */
async function checkContents(
  contents: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  listed: readonly { path: string; sizeBytes: number; sha256: string }[],
): Promise<void> {
  const expected = new Map(listed.map((entry) => [entry.path, entry]))
  for (const [path, bytes] of contents) {
    const entry = expected.get(path)
    if (!entry) throw refused(`It holds ${path}, which its ${MANIFEST} does not list`)
    if (entry.sizeBytes !== bytes.length || entry.sha256 !== (await sha256(bytes)))
      throw refused(`${path} in it is damaged`)
    expected.delete(path)
  }
  const missing = [...expected.keys()][0]
  if (missing !== undefined) throw refused(`${missing} is missing from it`)
}

function readMetrics(text: string): StepSeries {
  const names = new Set<string>()
  const steps: StepMetrics[] = []
  let before = -1
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue
    const { step, ...metrics } = readLine(line, index + 1)
    if (step <= before)
      throw refused(`${METRICS}, line ${index + 1}: step ${step} comes after step ${before}`)
    before = step
    for (const name of Object.keys(metrics)) {
      if (!METRIC.test(name))
        throw refused(`${METRICS}, line ${index + 1}: ${JSON.stringify(name)} is no metric`)
      names.add(name)
    }
    if (names.size > MOST_METRICS) throw refused(`${METRICS} has more than ${MOST_METRICS} different metrics`)
    steps.push({ step, metrics: metrics as Partial<Record<MetricName, number>> })
  }
  return StepSeries.from(steps)
}

function readLine(line: string, number: number): { step: number; [metric: string]: number } {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw refused(`${METRICS}, line ${number}, is not JSON`)
  }
  const parsed = metricsLine.safeParse(json)
  if (!parsed.success) throw refused(`${METRICS}, line ${number}: ${parsed.error.issues[0].message}`)
  return parsed.data
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** JSON has no NaN and no infinity. */
const byName = (_: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value

/** A name of a file that every system takes. */
export function fileNameOf({ name }: Pick<RunRecord, 'name'>): string {
  const safe = name
    .replaceAll(/[^\p{L}\p{N} ._-]+/gu, '-')
    .trim()
    .slice(0, 80)
  return safe.replace(/^[.\s-]+/, '') || 'run'
}
