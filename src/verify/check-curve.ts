import { openDataset, tokenizeDataset } from '../data/tokenize-dataset.ts'
import { BatchStream } from '../data/training-data.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import type { Dtype } from '../formats/dtype.ts'
import { linearModules } from '../formats/llama-weights.ts'
import { readPeftAdapter } from '../formats/peft-adapter.ts'
import type { Runtime } from '../graph/executable.ts'
import { writeAdapter } from '../train/adapter-state.ts'
import { createMoments } from '../train/create-moments.ts'
import { loadWeights } from '../train/load-weights.ts'
import { buildProgram } from '../train/program.ts'
import { train } from '../train/trainer.ts'
import type { ByteSource } from '../util/byte-source.ts'
import { StudioError } from '../util/errors.ts'
import type { CaseFindings } from './check-case.ts'
import type { Finding } from './check-op.ts'
import { readGoldenCurve } from './read-golden-curve.ts'

/** Relative. The oracle computes in float64; a float32 run of PyTorch stays within a tenth of these. */
const LOSS_TOLERANCE = 2e-5
const NORM_TOLERANCE = 2e-4

/** The files of a golden case by name: a model, an adapter to begin with, batches.json and expected.json. */
export type GoldenFiles = ReadonlyMap<string, ByteSource>

export const GOLDEN_CURVE_FILES = [
  'config.json',
  'model.safetensors',
  'adapter_config.json',
  'adapter_model.safetensors',
  'batches.json',
  'expected.json',
] as const

/** Trains the golden model for some steps and compares every loss and gradient norm with the oracle's. */
export async function checkCurve(
  files: GoldenFiles,
  steps: number,
  runtime: Runtime,
  signal?: AbortSignal,
): Promise<CaseFindings> {
  const [config, model, adapterConfig, adapterModel, batches, expected] = GOLDEN_CURVE_FILES.map((name) =>
    goldenFile(files, name),
  )
  const golden = await readGoldenCurve(expected, batches)
  const checkpoint = await openCheckpoint([config, model])
  const adapter = await readPeftAdapter([adapterConfig, adapterModel], linearModules(checkpoint.config))
  const runConfig = { ...golden.config, train: { ...golden.config.train, maxSteps: steps } }
  const { examples } = await tokenizeDataset(await openDataset(golden.rows), {
    maxSeqLength: runConfig.data.maxSeqLength,
    trainOn: runConfig.data.trainOn,
    vocabSize: checkpoint.config.vocabSize,
  })
  const length = Math.max(...examples.map(({ inputIds }) => inputIds.length))
  const stream = new BatchStream({
    examples,
    data: runConfig.data,
    train: runConfig.train,
    sequenceLength: () => length,
  })
  const program = buildProgram({
    model: checkpoint.config,
    dtypeOf: (name) => checkpoint.tensors.get(name)?.dtype as Dtype,
    config: runConfig,
    placement: { ...adapter.config, dropout: 0 },
    shapes: { train: stream.shapes(), evaluate: [], logits: [] },
    positions: length,
    traits: runtime.traits,
  })
  const kernels = program.plan.kernels.map(({ kernel }) => kernel.name)
  const executable = await runtime.realise(program.plan, { signal })
  try {
    for await (const _ of loadWeights(program, executable, checkpoint.tensors, signal)) {
      // Loaded one by one; nothing else is to be done with them here.
    }
    writeAdapter(executable, program.weights, adapter.modules)
    const findings: Finding[] = []
    const events = train({
      executable,
      config: runConfig,
      moments: createMoments(program, executable),
      steps: stream,
      totalSteps: steps,
    })
    for await (const event of events) {
      if (signal?.aborted) throw new StudioError('cancelled', 'The verification was cancelled')
      if (event.type !== 'step') continue
      const { step, loss, gradNorm } = event
      const compare = (what: string, actual: number, wanted: number, tolerance: number) =>
        findings.push(curveFinding(`${what} of step ${step}`, actual, wanted, tolerance, kernels))
      compare('loss', loss, golden.loss[step - 1], LOSS_TOLERANCE)
      compare('gradient norm', gradNorm, golden.gradNorm[step - 1], NORM_TOLERANCE)
    }
    await executable.idle()
    return { kernels, findings }
  } finally {
    executable.destroy()
  }
}

function curveFinding(
  subject: string,
  actual: number,
  expected: number,
  tolerance: number,
  kernels: readonly string[],
): Finding {
  const error = Math.abs(actual / expected - 1)
  const figure = Number.isFinite(error) ? error : Number.POSITIVE_INFINITY
  return {
    subject,
    figure,
    tolerance,
    problem: figure <= tolerance ? null : `the ${subject} is ${actual}, expected ${expected}`,
    writers: kernels,
    // A curve that is right says little of any single kernel: it clears none.
    upstream: figure <= tolerance ? [] : kernels,
  }
}

/** @throws input/golden */
export function goldenFile(files: GoldenFiles, name: string): ByteSource {
  const file = files.get(name)
  if (!file) throw new StudioError('input/golden', `the golden case has no ${name}`)
  return file
}
