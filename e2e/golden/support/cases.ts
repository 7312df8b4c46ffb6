import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunConfigInput } from '../../../src/config/schema.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What the oracle computed for one method on one model (README.md beside the cases). */
export interface Expected {
  method: 'qlora' | 'lora' | 'full'
  quantization: { type: 'nf4' | 'fp4'; blockSize: 64; doubleQuant: boolean } | null
  rank: number
  alpha: number
  useRslora: boolean
  optimizer: { lr: number; betas: [number, number]; eps: number; weightDecay: number; maxGradNorm: number }
  /** Before each step's update. */
  loss: number[]
  /** Before clipping. */
  gradNorm: number[]
}

interface MicroBatch {
  input_ids: number[][]
  labels: number[][]
  position_ids?: number[][]
  segment_ids?: number[][]
}

/** One model case with one method. */
export interface GoldenCase {
  /** `tiny-llama/qlora` */
  name: string
  modelDir: string
  /** Of a method that trains one: all but full. */
  adapterDir: string
  expected: Expected
  /** logits, grad.<name>, final.<name> */
  tensorsFile: string
  steps: MicroBatch[][]
}

export function goldenCase(name: string): GoldenCase {
  const [model] = name.split('/')
  const folder = join(root, name)
  const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
  const expected: Expected = json(join(folder, 'expected.json'))
  return {
    name,
    modelDir: join(root, model),
    adapterDir: join(folder, 'adapter_init'),
    expected,
    tensorsFile: join(folder, 'expected.safetensors'),
    steps: json(join(root, model, 'batches.json')).steps,
  }
}

/** Every case whose method this version has. */
export const GOLDEN_CASES: readonly string[] = [
  'tiny-llama/qlora',
  'tiny-llama/qlora-single-quant',
  'tiny-llama/lora',
  'tiny-llama/qlora-rslora',
  'tiny-llama-tied/qlora',
  'tiny-llama-accumulate/qlora',
  'tiny-llama-packed/qlora',
  'tiny-llama/full',
  'tiny-llama-tied/full',
]

/** Rows of the case as a dataset of input_ids: every row of every micro-batch of every step, in order. */
export function writeDataset(path: string, { steps }: GoldenCase): void {
  const rows = steps.flat().flatMap((batch) =>
    batch.input_ids.map((inputIds, row) => ({
      input_ids: inputIds,
      labels: batch.labels[row],
      ...(batch.position_ids ? { position_ids: batch.position_ids[row] } : {}),
      ...(batch.segment_ids ? { segment_ids: batch.segment_ids[row] } : {}),
    })),
  )
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** The settings of the case; the adapter brings rank, alpha, rsLoRA and targets. */
export function runConfigOf({ expected, steps }: GoldenCase): RunConfigInput {
  const { method, quantization, optimizer } = expected
  const { lr, eps, weightDecay, maxGradNorm } = optimizer
  const [beta1, beta2] = optimizer.betas
  return {
    method,
    ...(quantization ? { quantization } : {}),
    data: { shuffle: false, packing: false, maxSeqLength: steps[0][0].input_ids[0].length },
    train: {
      maxSteps: expected.loss.length,
      batchSize: steps[0][0].input_ids.length,
      gradAccumSteps: steps[0].length,
    },
    optimizer: { lr, beta1, beta2, eps, weightDecay, maxGradNorm, schedule: 'constant', warmupSteps: 0 },
  }
}
