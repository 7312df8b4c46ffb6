import type { Runtime } from '../graph/executable.ts'
import { StudioError } from '../util/errors.ts'
import { openDevice } from './device.ts'
import { PipelineCache } from './pipelines.ts'
import { RealisedPlan } from './realised-plan.ts'

/** Opens a device of `gpu` (navigator.gpu, or Dawn's) and makes it realise plans. */
export async function createRuntime(gpu: GPU): Promise<Runtime> {
  const { device, info, traits } = await openDevice(gpu)
  const pipelines = new PipelineCache(device)
  const live = new Set<WeakRef<RealisedPlan>>()

  const failAll = (error: StudioError) => {
    for (const plan of live) plan.deref()?.fail(error)
  }
  device.addEventListener('uncapturederror', ({ error }) => {
    failAll(new StudioError('device/error', `The GPU reported an error: ${error.message}`))
  })
  const lost = device.lost.then(({ reason, message }) => {
    const error = new StudioError(
      'device/lost',
      `The GPU was lost (${reason}): ${message || 'no reason given'}`,
      {
        hint: 'Other programs may have taken its memory, or a driver restarted. Start again; lower the batch size if it happens again.',
      },
    )
    failAll(error)
    return error
  })

  return {
    info,
    traits,
    lost,
    async realise(plan, { onProgress, signal, share } = {}) {
      let done = 0
      const compiled = await Promise.all(
        plan.kernels.map(async (kernel) => {
          const pipeline = await pipelines.get(kernel)
          onProgress?.(++done, plan.kernels.length)
          return pipeline
        }),
      )
      if (signal?.aborted) throw new StudioError('cancelled', 'Cancelled while kernels were compiled')
      device.pushErrorScope('out-of-memory')
      device.pushErrorScope('validation')
      const realised = new RealisedPlan(device, plan, compiled, share instanceof RealisedPlan ? share : null)
      const [invalid, outOfMemory] = await Promise.all([device.popErrorScope(), device.popErrorScope()])
      if (outOfMemory) {
        realised.destroy()
        throw new StudioError(
          'device/out-of-memory',
          `The GPU has no room for the ${plan.totalBytes} bytes of this run`,
          {
            hint: 'Lower the batch size or the sequence length, switch on gradient checkpointing, or close other tabs.',
          },
        )
      }
      if (invalid) {
        realised.destroy()
        throw new StudioError('device/error', `The GPU refused the plan: ${invalid.message}`)
      }
      live.add(new WeakRef(realised))
      return realised
    },
  }
}
