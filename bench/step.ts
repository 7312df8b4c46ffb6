import { parseRunConfig } from '../src/config/parse.ts'
import type { Batch } from '../src/data/batch.ts'
import { llamaTensorShapes } from '../src/formats/llama-weights.ts'
import type { StoredTensor } from '../src/formats/safetensors.ts'
import type { Executable, Runtime } from '../src/graph/executable.ts'
import { elementCount } from '../src/graph/tensor.ts'
import { stepValues } from '../src/optim/step-values.ts'
import { initialAdapter, writeAdapter } from '../src/train/adapter-state.ts'
import { writeBatch } from '../src/train/batch-inputs.ts'
import { loadWeights } from '../src/train/load-weights.ts'
import { buildProgram, STAGE } from '../src/train/program.ts'
import { hash32, hashWord } from '../src/util/random.ts'
import type { BenchShape } from './shapes.ts'

export interface StepTimes {
  shape: string
  batchSize: number
  sequenceLength: number
  tokens: number
  /** Medians over the timed steps. */
  forwardMs: number
  backwardMs: number
  updateMs: number
  stepMs: number
  tokensPerSecond: number
  gpuBytes: number
  dispatches: number
  steps: number
}

/** Times training steps of one shape: random bf16 weights, NF4 with double quantization, gradient checkpointing. */
export async function timeSteps(
  runtime: Runtime,
  name: string,
  shape: BenchShape,
  steps: number,
): Promise<StepTimes> {
  const { model, batchSize, sequenceLength, rank } = shape
  const config = parseRunConfig({ lora: { rank, alpha: rank } })
  const program = buildProgram({
    model,
    dtypeOf: () => 'BF16',
    config,
    placement: { rank, alpha: rank, dropout: 0, useRslora: false, targetModules: ['all-linear'] },
    batchSize,
    lengths: { train: [sequenceLength], evaluate: [sequenceLength], logits: [] },
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
  executable.setStep(stepValues(config.optimizer, { step: 1, totalSteps: steps, supervisedTokens, seed: 1 }))

  const forward: number[] = []
  const training: number[] = []
  const update: number[] = []
  for (let step = 0; step <= steps; step++) {
    executable.run(STAGE.begin)
    forward.push(await timed(executable, STAGE.evaluate(sequenceLength)))
    training.push(await timed(executable, STAGE.train(sequenceLength)))
    update.push(await timed(executable, STAGE.update))
  }
  const gpuBytes = executable.allocatedBytes
  executable.destroy()
  // The first round warms the device up.
  const [forwardMs, trainMs, updateMs] = [forward, training, update].map((times) => median(times.slice(1)))
  const stepMs = trainMs + updateMs
  const tokens = batchSize * sequenceLength
  return {
    shape: name,
    batchSize,
    sequenceLength,
    tokens,
    forwardMs,
    backwardMs: trainMs - forwardMs,
    updateMs,
    stepMs,
    tokensPerSecond: (tokens / stepMs) * 1000,
    gpuBytes,
    dispatches: program.plan.dispatches[STAGE.train(sequenceLength)] + program.plan.dispatches[STAGE.update],
    steps,
  }
}

async function timed(executable: Executable, stage: string): Promise<number> {
  await executable.idle()
  const start = performance.now()
  executable.run(stage)
  await executable.idle()
  return performance.now() - start
}

function median(values: number[]): number {
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
