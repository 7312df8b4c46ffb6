import type { BufferRange, PlannedCommand, PlannedKernel } from '../graph/plan.ts'
import { isProbe } from './probe.ts'

type Dispatch = PlannedCommand & { kind: 'dispatch' }

/**
 * The kernels whose results stand in a range after a list of commands: those that wrote it, and those that wrote what
 * they read, and so on. Names, each once; the probes of a test are looked through.
 */
export function kernelsBehind(
  range: BufferRange,
  kernels: readonly PlannedKernel[],
  commands: readonly PlannedCommand[],
): { writers: string[]; upstream: string[] } {
  const writers = new Set<string>()
  const upstream = new Set<string>()
  const wanted: { range: BufferRange; direct: boolean }[] = [{ range, direct: true }]
  for (const command of dispatches(commands).reverse()) {
    const { kernel } = kernels[command.kernel]
    const written = command.bindings.filter((_, index) => kernel.bindings[index].access !== 'read')
    const hits = wanted.filter((want) => written.some((bound) => overlap(bound, want.range)))
    if (hits.length === 0) continue
    const probe = isProbe(kernel)
    const direct = hits.some((hit) => hit.direct)
    if (!probe) {
      upstream.add(kernel.name)
      if (direct) writers.add(kernel.name)
    }
    command.bindings.forEach((bound, index) => {
      if (kernel.bindings[index].access !== 'write') wanted.push({ range: bound, direct: probe && direct })
    })
  }
  return { writers: [...writers], upstream: [...upstream] }
}

/** The kernels that could reach a range, whether they were to write it or not. */
export function kernelsBoundTo(
  range: BufferRange,
  kernels: readonly PlannedKernel[],
  commands: readonly PlannedCommand[],
): string[] {
  const bound = dispatches(commands).filter(({ bindings }) =>
    bindings.some((binding) => overlap(binding, range)),
  )
  const reached = bound.map(({ kernel }) => kernels[kernel].kernel)
  return [...new Set(reached.filter((kernel) => !isProbe(kernel)).map(({ name }) => name))]
}

const dispatches = (commands: readonly PlannedCommand[]): Dispatch[] =>
  commands.filter((command): command is Dispatch => command.kind === 'dispatch')

const overlap = (one: BufferRange, other: BufferRange): boolean =>
  one.buffer === other.buffer &&
  one.offset < other.offset + other.sizeBytes &&
  other.offset < one.offset + one.sizeBytes
