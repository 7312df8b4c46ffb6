import type { Executable, Runtime } from '../src/graph/executable.ts'
import { STAGE } from '../src/train/program.ts'
import type { BenchShape } from './shapes.ts'
import { median, prepareTraining } from './training.ts'

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

/** Times training steps of one shape, stage by stage. */
export async function timeSteps(
  runtime: Runtime,
  name: string,
  shape: BenchShape,
  steps: number,
): Promise<StepTimes> {
  const { batchSize, sequenceLength } = shape
  const { program, executable } = await prepareTraining(runtime, shape)
  const forward: number[] = []
  const training: number[] = []
  const update: number[] = []
  for (let step = 0; step <= steps; step++) {
    executable.run(STAGE.begin)
    forward.push(await timed(executable, STAGE.evaluate(shape)))
    training.push(await timed(executable, STAGE.train(shape)))
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
    dispatches: program.plan.dispatches[STAGE.train(shape)] + program.plan.dispatches[STAGE.update],
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
