import { DeviceMemory } from '../graph/device-memory.ts'
import type { Runtime } from '../graph/executable.ts'
import { unlessCancelled } from '../util/abort.ts'
import { StudioError } from '../util/errors.ts'
import { openDevice } from './device.ts'
import { PipelineCache } from './pipelines.ts'
import { RealisedPlan } from './realised-plan.ts'

/** Opens a device of `gpu` (navigator.gpu, or Dawn's) and makes it realise plans. */
export async function createRuntime(gpu: GPU): Promise<Runtime> {
  const { device, info, traits } = await openDevice(gpu)
  const pipelines = new PipelineCache(device)
  const memory = new DeviceMemory()
  const live = new Set<WeakRef<RealisedPlan>>()

  let gone: StudioError | null = null
  const failAll = (error: StudioError) => {
    for (const plan of live) plan.deref()?.fail(error)
  }
  device.addEventListener('uncapturederror', ({ error }) => failAll(uncaptured(error)))
  const lost = device.lost.then(({ reason, message }) => {
    gone = deviceLost(reason, message)
    failAll(gone)
    return gone
  })

  return {
    info,
    traits,
    memory,
    lost,
    async realise(plan, { onProgress, signal, share, countAs } = {}) {
      let done = 0
      const compiling = Promise.all(
        plan.kernels.map(async (kernel) => {
          const pipeline = await pipelines.get(kernel)
          if (!signal?.aborted) onProgress?.(++done, plan.kernels.length)
          return pipeline
        }),
      )
      // What the driver has begun goes on, and is there for the next plan.
      const compiled = await unlessCancelled(compiling, signal, CANCELLED)
      if (gone) throw gone
      device.pushErrorScope('out-of-memory')
      device.pushErrorScope('validation')
      const realised = new RealisedPlan(device, plan, compiled, share instanceof RealisedPlan ? share : null)
      const [invalid, outOfMemory] = await Promise.all([device.popErrorScope(), device.popErrorScope()])
      // A lost device has nothing to say against a plan, and would never fail it afterwards.
      if (gone) {
        realised.destroy()
        throw gone
      }
      if (outOfMemory) {
        realised.destroy()
        throw new StudioError(
          'device/out-of-memory',
          `The GPU has no room for the ${plan.totalBytes} bytes of this run`,
          { hint: MORE_ROOM },
        )
      }
      if (invalid) {
        realised.destroy()
        throw new StudioError('device/error', `The GPU refused the plan: ${invalid.message}`)
      }
      if (signal?.aborted) {
        realised.destroy()
        throw new StudioError('cancelled', CANCELLED)
      }
      realised.countIn(memory, countAs)
      live.add(new WeakRef(realised))
      return realised
    },
  }
}

const CANCELLED = 'Cancelled while kernels were compiled'

const MORE_ROOM =
  'Lower the batch size or the sequence length, switch on gradient checkpointing, give the optimizer a GPU budget, or close other tabs and programs that use the GPU.'

/** An error that no scope caught: whatever the plans on the device compute from here on is not to be trusted. */
function uncaptured(error: GPUError): StudioError {
  if (error.constructor.name === 'GPUOutOfMemoryError') {
    return new StudioError('device/out-of-memory', `The GPU ran out of memory: ${error.message}`, {
      hint: MORE_ROOM,
    })
  }
  return new StudioError('device/error', `The GPU reported an error: ${error.message}`)
}

/** `reason` is `destroyed` where the program let go of the device itself, else `unknown`. */
function deviceLost(reason: string, message: string): StudioError {
  const why = message || 'the browser gives no reason'
  return new StudioError('device/lost', `The browser lost its hold of the GPU: ${why}`, {
    hint: 'A driver that was restarted, a computer that slept, or too little GPU memory can do that. Close other programs that use the GPU; lower the batch size if it happens again.',
    details: { reason, message },
  })
}
