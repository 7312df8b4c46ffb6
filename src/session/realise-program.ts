import type { SidePlan } from '../graph/device-memory.ts'
import type { Executable, Runtime } from '../graph/executable.ts'
import { type LoadedWeight, loadWeights } from '../train/load-weights.ts'
import type { Program } from '../train/program.ts'
import type { RunEvent } from './events.ts'
import type { OpenedModel } from './open-model.ts'

export interface RealiseRequest {
  model: OpenedModel
  runtime: Runtime
  onEvent: (event: RunEvent) => void
  signal?: AbortSignal
  /** Of a plan beside the run's own. */
  countAs?: SidePlan
}

/** Program on a device with its weights loaded: what training, evaluation and logits start from. */
export async function realiseProgram(
  program: Program,
  { model, runtime, onEvent, signal, countAs }: RealiseRequest,
): Promise<{ executable: Executable; loaded: LoadedWeight[] }> {
  const executable = await runtime.realise(program.plan, {
    signal,
    countAs,
    onProgress: (done, total) =>
      onEvent({ type: 'run/progress', phase: 'compiling', done, total, unit: 'kernels' }),
  })
  try {
    onEvent({ type: 'memory/allocated', bytes: executable.allocatedBytes })
    const loaded: LoadedWeight[] = []
    for await (const weight of loadWeights(program, executable, model.checkpoint.tensors, signal)) {
      loaded.push(weight)
      onEvent({
        type: 'run/progress',
        phase: 'quantizing',
        done: weight.done,
        total: weight.total,
        unit: 'tensors',
      })
      if (weight.quantization) onEvent({ type: 'quant/tensor', tensor: weight.quantization })
    }
    return { executable, loaded }
  } catch (error) {
    executable.destroy()
    throw error
  }
}
