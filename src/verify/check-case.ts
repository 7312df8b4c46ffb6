import type { Runtime } from '../graph/executable.ts'
import { StudioError } from '../util/errors.ts'
import { type Finding, type GradientRoute, measureOp, type PreparedCase, prepareCase } from './check-op.ts'
import type { OpCase } from './op-case.ts'
import { isProbe } from './probe.ts'

/** What was found of one case, over all ways in which its gradients are received. */
export interface CaseFindings {
  kernels: string[]
  findings: Finding[]
}

/** Measures a case on a device, with the kernels that the device is given. A kernel that does not compile is a finding. */
export async function checkCase(opCase: OpCase, runtime: Runtime): Promise<CaseFindings> {
  const limits = { ...runtime.traits.limits, ...opCase.limits }
  const kernels = new Set<string>()
  const findings: Finding[] = []
  for (const route of routesOf(opCase)) {
    const prepared = prepareCase(opCase, { ...runtime.traits, limits }, route)
    const names = kernelNames(prepared)
    for (const name of names) kernels.add(name)
    findings.push(...(await measureOp(prepared, runtime).catch((error: unknown) => [refusal(error, names)])))
  }
  return { kernels: [...kernels], findings }
}

const kernelNames = ({ plan }: PreparedCase): string[] =>
  plan.kernels.flatMap(({ kernel }) => (isProbe(kernel) ? [] : [kernel.name]))

/** An input whose gradient is an activation's is checked both written and accumulated. */
export function routesOf({ inputs }: OpCase): GradientRoute[] {
  const hasActivation = Object.values(inputs).some(
    (input) => 'gradient' in input && input.gradient === 'activation',
  )
  return hasActivation ? ['written', 'accumulated'] : ['written']
}

/**
 * What the GPU refused, as a finding: a kernel that does not compile, or kernels that it reports an error of.
 * @throws `error` where it is no fault of theirs
 */
export function refusal(error: unknown, kernels: readonly string[]): Finding {
  if (!(error instanceof StudioError) || !KERNEL_FAULTS.has(error.code)) throw error
  const named = kernels.filter((name) => name === (error.details as { kernel?: string } | undefined)?.kernel)
  const blamed = named.length > 0 ? named : kernels
  return {
    subject: 'execution',
    figure: Number.POSITIVE_INFINITY,
    tolerance: 0,
    problem: error.message,
    writers: blamed,
    upstream: blamed,
  }
}

const KERNEL_FAULTS: ReadonlySet<string> = new Set(['device/kernel', 'device/error'])
