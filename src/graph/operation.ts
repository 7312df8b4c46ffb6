import type { DeviceTraits } from './device.ts'
import type { Graph } from './graph.ts'
import type { Call } from './kernel.ts'
import type { StorageFormat, Tensor } from './tensor.ts'

/** Part of a step, for the time split and for reading a plan. */
export type Phase = 'load' | 'forward' | 'recompute' | 'backward' | 'update'

/** Scratch space of one node: lives in the arena while the node runs. */
export interface WorkspaceRequest {
  shape: readonly number[]
  format: Exclude<StorageFormat, 'nf4' | 'fp4'>
}

/**
 * An op: how it is realised on a device and how gradients flow back through it. Ops are values of ops/*.ts; a
 * function beside each (`rmsnorm(graph, x, weight, eps)`) records a node, so that a model reads as formulas.
 */
export interface Operation<Attributes = unknown> {
  readonly name: string
  /** Scratch tensors by name, given back to `kernels`. */
  workspace?(node: OpNode<Attributes>, device: DeviceTraits): Record<string, WorkspaceRequest>
  /** The dispatches (and clears) that realise the node, in order. */
  kernels(node: OpNode<Attributes>, device: DeviceTraits, workspace: Record<string, Tensor>): Call[]
  /** Records the nodes that compute the inputs' gradients from the outputs'. Absent: nothing flows back. */
  backward?(node: OpNode<Attributes>, context: BackwardContext): void
}

export interface OpNode<Attributes = unknown> {
  readonly operation: Operation<Attributes>
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly outputs: Readonly<Record<string, Tensor>>
  /** Names of outputs whose old value counts (accumulation, in-place): they must exist before the node runs. */
  readonly updates: readonly string[]
  readonly attributes: Attributes
  readonly phase: Phase
  /** Index of the decoder block the node belongs to; null outside of blocks. */
  readonly block: number | null
}

/** Where a contribution to a gradient goes: the first one writes, later ones add. */
export interface GradientTarget {
  tensor: Tensor
  accumulate: boolean
}

export interface BackwardContext {
  readonly graph: Graph
  /** The gradient that has arrived at an output, or null when nothing depends on it. */
  gradient(output: Tensor): Tensor | null
  /** Claims one contribution to an input's gradient; null when the input needs none (frozen, or nothing trains below it). */
  target(input: Tensor): GradientTarget | null
  /**
   * Declares that the gradient of `input` starts out equal to `gradient` and shares its memory from here on
   * (residual additions). Correct only while `gradient`'s other readers run before any further contribution: the
   * reverse order of a residual block guarantees it. Falls back to nothing when the input needs no gradient.
   * Returns false if the input already has a gradient (the caller must then add).
   */
  share(input: Tensor, gradient: Tensor): boolean
}
