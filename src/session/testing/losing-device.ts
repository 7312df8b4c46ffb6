import { createRuntime } from '../../gpu/runtime.ts'
import type { Executable, RealiseOptions, Runtime } from '../../graph/executable.ts'
import type { Plan } from '../../graph/plan.ts'
import { sharedRuntime } from '../../host/shared-runtime.ts'
import { findGpu } from '../../ops/testing/lane-runtime.ts'

/** Devices that are destroyed when a test says so, and opened anew when they are asked for again. */
export function losingDevice() {
  let device: GPUDevice | undefined
  let opened = 0
  const live = new Set<Executable>()
  let losesAt: (stage: string) => boolean = () => false
  const lose = () => device?.destroy()

  async function create(gpu: GPU): Promise<Runtime> {
    const runtime = await createRuntime(gpu)
    opened++
    const own = device
    const realise = async (plan: Plan, options?: RealiseOptions): Promise<Executable> => {
      if (losesAt('compile')) own?.destroy()
      const executable = await runtime.realise(plan, options)
      live.add(executable)
      const destroy = executable.destroy.bind(executable)
      executable.destroy = () => {
        live.delete(executable)
        destroy()
      }
      const run = executable.run.bind(executable)
      executable.run = (stage, part) => {
        run(stage, part)
        if (losesAt(stage)) own?.destroy()
      }
      return executable
    }
    return { ...runtime, realise }
  }

  let staysAway = false
  async function capturing(): Promise<GPU> {
    if (staysAway) throw new Error('the device stays away')
    const gpu = await findGpu()
    return {
      async requestAdapter(options) {
        const adapter = await gpu.requestAdapter(options)
        if (!adapter) return null
        const request = adapter.requestDevice.bind(adapter)
        adapter.requestDevice = async (descriptor) => {
          device = await request(descriptor)
          return device
        }
        return adapter
      },
    } as GPU
  }

  return {
    runtime: sharedRuntime(capturing, create),
    /** The device goes away now. */
    lose,
    /** It goes away now, and does not come back. */
    loseForGood() {
      staysAway = true
      lose()
    },
    /** It goes away right after a stage is submitted, at the `nth` whose name starts so (`compile`: before a plan is compiled); `times` devices do. */
    loseAfter(stage: string, nth = 1, times = 1) {
      let count = 0
      let left = times
      losesAt = (name) => {
        if (left === 0 || !name.startsWith(stage) || ++count < nth) return false
        left--
        count = 0
        return true
      }
    },
    /** How many devices there have been. */
    opened: () => opened,
    /** How many plans have their buffers on one. */
    live: () => live.size,
  }
}
