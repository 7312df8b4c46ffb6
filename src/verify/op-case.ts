import type { DeviceLimits } from '../graph/device.ts'
import type { Graph } from '../graph/graph.ts'
import type { StepParams } from '../graph/kernel.ts'
import type { StorageFormat, Tensor } from '../graph/tensor.ts'
import type { Values } from '../reference/array.ts'

export interface DenseInput {
  shape: readonly number[]
  /** Row-major; rounded to the format before anything, reference included, sees it. */
  data: Values
  /** f32 when left out. */
  format?: Exclude<StorageFormat, 'nf4' | 'fp4'>
  /**
   * Whether the gradient by this input is checked: 'parameter' accumulates into a gradient that already holds
   * something; 'activation' is checked twice, once written and once accumulated.
   */
  gradient?: 'parameter' | 'activation'
  /** Whether a model makes it, in the arena; what has the gradient of an activation is one. */
  activation?: boolean
}

/** An input whose bytes are given as they are: a 4-bit matrix. The reference must know its values itself. */
export interface RawInput {
  tensor: Tensor
  bytes: Uint8Array<ArrayBuffer>
}

export type TestInput = DenseInput | RawInput

export interface ReferenceResult {
  outputs: Record<string, Values>
  /** By input name, what the op contributes to each. */
  gradients?: Record<string, Values>
}

export interface OpCase {
  name: string
  inputs: Record<string, TestInput>
  /** Records the op; returns what is checked. An input among them is one that the op updates in place. */
  build(graph: Graph, tensors: Record<string, Tensor>): Record<string, Tensor>
  /**
   * The expected values in float64.
   * @param values inputs as the kernel sees them, by name (raw ones are left out)
   * @param gradients what arrives at each output, by name
   */
  reference(values: Record<string, Float64Array>, gradients: Record<string, Float64Array>): ReferenceResult
  /** Outputs at which a gradient arrives; every f32 activation when left out. Empty: the op is a loss with a seed of its own. */
  gradientsAt?: readonly string[]
  step?: Partial<StepParams>
  /**
   * Limits to plan for in place of the device's. SwiftShader compiles one store for every word of workgroup memory, about
   * a second for 4 KiB: kernels whose tiles follow the limit are tested with small ones.
   */
  limits?: Partial<DeviceLimits>
  /** Largest normalised mean squared error, for all or by output or `d(input)`; 1e-11 where left out. */
  tolerance?: number | Record<string, number>
}

export const DEFAULT_TOLERANCE = 1e-11

export const toleranceOf = ({ tolerance }: OpCase, name: string): number =>
  typeof tolerance === 'number' ? tolerance : (tolerance?.[name] ?? DEFAULT_TOLERANCE)
