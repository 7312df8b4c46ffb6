import { parseRunConfig } from '../../config/parse.ts'
import type { RunConfig, RunConfigInput } from '../../config/schema.ts'
import { runTemplate } from '../../data/testing/run-template.ts'
import { openSafetensors } from '../../formats/safetensors.ts'
import { type ByteSource, memorySource } from '../../util/byte-source.ts'
import { type OpenedModel, openModel } from '../open-model.ts'

/** What the oracle says of one model and method (e2e/golden/README.md). */
export interface GoldenCase {
  model: OpenedModel
  /** The batches of every step as one file of token rows. */
  rows: ByteSource
  /** None for full fine-tuning. */
  adapterFiles: ByteSource[]
  config: RunConfig
  loss: number[]
  gradNorm: number[]
  /** `logits`, `grad.<name>`, `final.<name>`. */
  expected: ReadonlyMap<string, Float32Array>
}

interface Expected {
  method: RunConfig['method']
  quantization: RunConfigInput['quantization'] | null
  rank: number
  alpha: number
  useRslora: boolean
  optimizer: { lr: number; betas: [number, number]; eps: number; weightDecay: number; maxGradNorm: number }
  loss: number[]
  gradNorm: number[]
}

interface Batches {
  steps: Record<string, number[][]>[][]
}

/** Reads a golden case from the test server (the repository's root). */
export async function goldenCase(model: string, method: string): Promise<GoldenCase> {
  const folder = `/e2e/golden/${model}`
  const adapterNames = method === 'full' ? [] : ['adapter_config.json', 'adapter_model.safetensors']
  const [config, weights, batches, expected, tensors, ...adapterFiles] = await Promise.all([
    fetchSource(`${folder}/config.json`),
    fetchSource(`${folder}/model.safetensors`),
    fetchJson<Batches>(`${folder}/batches.json`),
    fetchJson<Expected>(`${folder}/${method}/expected.json`),
    fetchSource(`${folder}/${method}/expected.safetensors`),
    ...adapterNames.map((name) => fetchSource(`${folder}/${method}/adapter_init/${name}`)),
  ])
  const stored = await openSafetensors(tensors)
  const values = new Map<string, Float32Array>()
  for (const [name, tensor] of stored.tensors) values.set(name, await tensor.readFloat32())
  return {
    model: await openModel(model, [config, weights], runTemplate),
    rows: rowFile(batches),
    adapterFiles,
    config: runConfigOf(expected, batches),
    loss: expected.loss,
    gradNorm: expected.gradNorm,
    expected: values,
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
    lora: { rank, alpha, useRslora },
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

export async function fetchSource(path: string): Promise<ByteSource> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return memorySource(path.split('/').at(-1) ?? path, new Uint8Array(await response.arrayBuffer()))
}

const fetchJson = async <T>(path: string): Promise<T> => (await fetch(path)).json() as Promise<T>
