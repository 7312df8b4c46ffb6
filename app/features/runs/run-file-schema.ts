import { z } from 'zod'
import type { MemoryMoment } from '../../../src/session/events.ts'
import type { LogEntry } from '../../stores/run.ts'

/**
 * run.json of a run file, checked before anything of it is shown (docs/run-file.md). A file comes from elsewhere: every
 * text and every list has a length that it may not exceed.
 */

const text = (longest: number) => z.string().max(longest)
const line = text(2000)

/** JSON has no NaN and no infinity: they are written by name. */
const number = z.union([
  z.number(),
  z.enum(['NaN', 'Infinity', '-Infinity']).transform((name) => Number(name)),
])
const count = z.int().min(0)
const list = <T extends z.ZodType>(item: T, longest: number) => z.array(item).max(longest)

const error = z.object({
  name: line,
  code: text(200),
  message: text(20_000),
  hint: text(20_000).optional(),
  problems: list(z.object({ path: line.optional(), message: line, fix: line.optional() }), 1000).optional(),
})

const summary = z.object({
  runId: text(200),
  steps: count,
  stopped: z.boolean(),
  firstLoss: number.nullable(),
  lastLoss: number.nullable(),
  evalLossBefore: number.nullable(),
  evalLoss: number.nullable(),
  supervisedTokens: number,
  durationMs: number,
  tokensPerSecond: number,
  gpuBytes: number,
})

const run = z.object({
  id: text(200).min(1),
  name: text(500),
  notes: text(100_000),
  model: line,
  dataset: line,
  device: line,
  config: z.record(text(200), z.json()),
  startedAt: z.number(),
  updatedAt: z.number(),
  status: z.enum(['running', 'finished', 'stopped', 'failed', 'interrupted']),
  step: count,
  totalSteps: count,
  lastLoss: number.nullable(),
  evalLoss: number.nullable(),
  tokensPerSecond: number.nullable(),
  durationMs: number.nullable(),
  trainableParameters: number.nullable(),
  plannedBytes: z.record(text(40), z.number()).nullable(),
  plannedTotalBytes: z.number().nullable(),
  allocatedBytes: z.number().nullable(),
  summary: summary.nullable(),
  error: error.nullable(),
})

const tensor = z.object({
  name: text(500),
  shape: list(count, 8),
  block: z.int().nullable(),
  mse: number,
  rmse: number,
  mae: number,
  maxError: number,
  snrDb: number,
  bitsPerParam: number,
  histogram: list(number, 256),
  codePoints: list(number, 256),
})

const place = { id: count, step: count }

/** One for every kind of line, so that a new kind is not forgotten here. */
const logEntries = {
  started: z.object({ ...place, kind: z.literal('started'), totalSteps: count }),
  quantized: z.object({ ...place, kind: z.literal('quantized'), tensors: count }),
  evaluated: z.object({ ...place, kind: z.literal('evaluated'), loss: number }),
  paused: z.object({ ...place, kind: z.literal('paused') }),
  resumed: z.object({ ...place, kind: z.literal('resumed') }),
  'device-lost': z.object({
    ...place,
    kind: z.literal('device-lost'),
    resumesFrom: count,
    message: text(20_000),
  }),
  'not-finite': z.object({ ...place, kind: z.literal('not-finite'), metric: text(100), value: number }),
  warning: z.object({
    ...place,
    kind: z.literal('warning'),
    code: text(200),
    message: text(20_000),
    fix: text(20_000).optional(),
  }),
  finished: z.object({ ...place, kind: z.literal('finished'), stopped: z.boolean() }),
  failed: z.object({ ...place, kind: z.literal('failed'), message: text(20_000) }),
} satisfies Record<LogEntry['kind'], z.ZodType>

const answer = z.object({
  prompt: text(100_000),
  expected: text(100_000).nullable(),
  row: count.nullable(),
  heldOut: z.boolean(),
  text: text(100_000),
  finishReason: z.enum(['stop', 'length', 'context']),
})

const reading = z.object({
  atMs: z.number(),
  during: z.enum([
    'compiling',
    'quantizing',
    'training',
    'sampling',
    'evaluating',
    'exporting',
    'paused',
    'finished',
  ] satisfies MemoryMoment[]),
  bytes: z.record(text(40), z.number()),
  totalBytes: z.number(),
})

const detail = z.object({
  evaluations: list(
    z.object({ step: count, loss: number, perplexity: number, supervisedTokens: number }),
    1_000_000,
  ),
  tensors: list(tensor, 20_000),
  deltaRatios: list(
    z.object({ step: count, ratios: list(z.object({ name: text(500), ratio: number }), 20_000) }),
    2000,
  ),
  // Files of before there were samples have none.
  samples: list(z.object({ step: count, answers: list(answer, 100), durationMs: number }), 100_000).default(
    [],
  ),
  // Nor have those of before memory was kept over time.
  memory: z
    .object({
      maxBufferBytes: z.number().nullable(),
      offsetMs: z.number(),
      readings: list(reading, 100_000),
    })
    .default({ maxBufferBytes: null, offsetMs: 0, readings: [] }),
  // A line of a kind that this version does not know says nothing to it.
  log: list(z.union(Object.values(logEntries)).nullable().catch(null), 100_000).transform((entries) =>
    entries.filter((entry) => entry !== null),
  ),
})

export const RUN_FILE_FORMAT = 'nibble-run'
export const RUN_FILE_VERSION = 1

export const runFileHead = z.object({
  format: z.literal(RUN_FILE_FORMAT),
  version: z.literal(RUN_FILE_VERSION),
})

export const runFileManifest = runFileHead.extend({
  run,
  detail,
  /** Every other file of the container. */
  files: list(
    z.object({ path: text(300), sizeBytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    100,
  ),
})

/** A line of metrics.jsonl. */
export const metricsLine = z.object({ step: count }).catchall(number)
