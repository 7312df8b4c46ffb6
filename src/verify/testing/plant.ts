import type { Runtime } from '../../graph/executable.ts'
import type { PlannedKernel } from '../../graph/plan.ts'

/** A mistake in a kernel: `from`, somewhere in the WGSL of those whose names begin so, becomes `to`. */
export interface Mistake {
  kernel: string
  from: string
  to: string
}

/** A runtime that makes a mistake, and the names of the kernels that have been realised with it. */
export function plantMistake(
  runtime: Runtime,
  { kernel, from, to }: Mistake,
): { runtime: Runtime; planted: Set<string> } {
  const planted = new Set<string>()
  const wrong = (planned: PlannedKernel): PlannedKernel => {
    const { name, source } = planned.kernel
    if (!name.startsWith(kernel) || !source.includes(from)) return planned
    planted.add(name)
    return { ...planned, kernel: { ...planned.kernel, source: source.replace(from, to) } }
  }
  return {
    planted,
    runtime: {
      ...runtime,
      realise: (plan, options) => runtime.realise({ ...plan, kernels: plan.kernels.map(wrong) }, options),
    },
  }
}
