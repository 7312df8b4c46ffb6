import type { GradientTarget } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'

/**
 * The outputs of a backward node that has several gradients to give, of which some may not be wanted (null), and the
 * names of those that add to an old value. Null when nothing is wanted.
 */
export function gradientOutputs(
  targets: Record<string, GradientTarget | null>,
): { outputs: Record<string, Tensor>; updates: string[] } | null {
  const wanted = Object.entries(targets).flatMap(([name, target]) => (target ? [{ name, ...target }] : []))
  if (wanted.length === 0) return null
  return {
    outputs: Object.fromEntries(wanted.map(({ name, tensor }) => [name, tensor])),
    updates: wanted.filter(({ accumulate }) => accumulate).map(({ name }) => name),
  }
}
