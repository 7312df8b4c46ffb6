import { parseRunConfig } from '../src/config/parse.ts'
import type { RunConfig } from '../src/config/schema.ts'
import type { Batch } from '../src/data/batch.ts'
import { llamaTensorShapes } from '../src/formats/llama-weights.ts'
import type { StoredTensor } from '../src/formats/safetensors.ts'
import type { Executable, Runtime } from '../src/graph/executable.ts'
import { elementCount } from '../src/graph/tensor.ts'
import { stepValues } from '../src/optim/step-values.ts'
import { initialAdapter, writeAdapter } from '../src/train/adapter-state.ts'
import { writeBatch } from '../src/train/batch-inputs.ts'
import { loadWeights } from '../src/train/load-weights.ts'
import { buildProgram, type Program } from '../src/train/program.ts'
import { hash32, hashWord } from '../src/util/random.ts'
import type { BenchShape } from './shapes.ts'

export interface Training {
  program: Program
  executable: Executable
}

/**
 * A model of one shape on the device, ready to train on one batch: random bf16 weights, NF4 with double quantization,
 * gradient checkpointing.
 */
export async function prepareTraining(
  runtime: Runtime,
  shape: BenchShape,
  paging: Partial<RunConfig['optimizer']['paging']> = {},
): Promise<Training> {
  const { model, batchSize, sequenceLength, rank } = shape
  const config = parseRunConfig({ lora: { rank, alpha: rank }, optimizer: { paging } })
  const program = buildProgram({
    model,
    dtypeOf: () => 'BF16',
    config,
    placement: { rank, alpha: rank, dropout: 0, useRslora: false, targetModules: ['all-linear'] },
    shapes: { train: [shape], evaluate: [shape], logits: [] },
    positions: sequenceLength,
    traits: runtime.traits,
  })
  const executable = await runtime.realise(program.plan)
  const stored = new Map(
    [...llamaTensorShapes(model)].map(([tensor, extents]) => [tensor, randomTensor(tensor, extents)]),
  )
  for await (const _ of loadWeights(program, executable, stored));
  writeAdapter(executable, program.weights, initialAdapter(program.weights, 1))
  writeBatch(executable, randomBatch(shape))
  const supervisedTokens = batchSize * (sequenceLength - 1)
  executable.setStep(stepValues(config.optimizer, { step: 1, totalSteps: 1, supervisedTokens, seed: 1 }))
  return { program, executable }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** bf16 values between about 0.004 and 0.06 in magnitude, made when they are asked for. */
function randomTensor(name: string, shape: readonly number[]): StoredTensor {
  const elements = elementCount(shape)
  const key = hash32(elements, name.length)
  const readBytes = async (start = 0, end = elements * 2) => {
    const words = Uint16Array.from({ length: (end - start) / 2 }, (_, i) => {
      const random = hashWord(key, start / 2 + i)
      return (random & 0x8000) | 0x3c00 | (random & 0x01ff)
    })
    return new Uint8Array(words.buffer)
  }
  return {
    name,
    dtype: 'BF16',
    shape,
    elements,
    sizeBytes: elements * 2,
    readBytes,
    readFloat32: () => Promise.reject(new Error('not needed')),
  }
}

function randomBatch({ model, batchSize, sequenceLength }: BenchShape): Batch {
  const count = batchSize * sequenceLength
  const token = (i: number) => hash32(7, i) % model.vocabSize
  const isLast = (i: number) => i % sequenceLength === sequenceLength - 1
  return {
    batchSize,
    sequenceLength,
    inputIds: Uint32Array.from({ length: count }, (_, i) => token(i)),
    targets: Int32Array.from({ length: count }, (_, i) => (isLast(i) ? -1 : token(i + 1))),
    positionIds: Uint32Array.from({ length: count }, (_, i) => i % sequenceLength),
    segmentIds: new Uint32Array(count),
    supervisedTokens: batchSize * (sequenceLength - 1),
    tokens: count,
    rows: [],
  }
}
