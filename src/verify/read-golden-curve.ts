import { parseRunConfig } from '../config/parse.ts'
import type { RunConfig, RunConfigInput } from '../config/schema.ts'
import { type ByteSource, memorySource, readText } from '../util/byte-source.ts'

/** What the oracle says of one model and method (e2e/golden/README.md). */
export interface GoldenCurve {
  config: RunConfig
  /** The rows of every step, in order, as a file of token rows. */
  rows: ByteSource
  /** Of every step. */
  loss: number[]
  gradNorm: number[]
}

interface Expected {
  method: RunConfig['method']
  quantization?: RunConfigInput['quantization'] | null
  rank?: number
  alpha?: number
  useRslora?: boolean
  optimizer: { lr: number; betas: [number, number]; eps: number; weightDecay: number; maxGradNorm: number }
  loss: number[]
  gradNorm: number[]
}

interface Batches {
  steps: Record<string, number[][]>[][]
}

/** Reads a golden case's expected.json and batches.json. */
export async function readGoldenCurve(expected: ByteSource, batches: ByteSource): Promise<GoldenCurve> {
  const oracle = JSON.parse(await readText(expected)) as Expected
  const data = JSON.parse(await readText(batches)) as Batches
  return {
    config: runConfigOf(oracle, data),
    rows: rowFile(data),
    loss: oracle.loss,
    gradNorm: oracle.gradNorm,
  }
}

/** One JSON line a row, in the order in which the steps take them. */
function rowFile({ steps }: Batches): ByteSource {
  const lines = steps
    .flat()
    .flatMap((batch) =>
      batch.input_ids.map((_, row) =>
        JSON.stringify(Object.fromEntries(Object.entries(batch).map(([key, rows]) => [key, rows[row]]))),
      ),
    )
  return memorySource('rows.jsonl', new TextEncoder().encode(lines.join('\n')))
}

function runConfigOf(
  { method, quantization, rank, alpha, useRslora, optimizer }: Expected,
  { steps }: Batches,
): RunConfig {
  const { lr, betas, eps, weightDecay, maxGradNorm } = optimizer
  return parseRunConfig({
    method,
    ...(quantization && { quantization }),
    ...(rank && { lora: { rank, alpha, useRslora } }),
    data: { shuffle: false, packing: false },
    train: {
      maxSteps: steps.length,
      batchSize: steps[0][0].input_ids.length,
      gradAccumSteps: steps[0].length,
      gradientCheckpointing: true,
    },
    optimizer: { lr, beta1: betas[0], beta2: betas[1], eps, weightDecay, maxGradNorm, schedule: 'constant' },
  })
}
