import type { Tensor } from './tensor.ts'

/** WGSL types a uniform parameter may have. */
export type ParamType = 'u32' | 'i32' | 'f32'

export interface KernelBinding {
  /** Variable name in the WGSL file. */
  name: string
  /** WGSL element type of the runtime-sized array: `f32`, `u32`, `vec4<f32>`, … */
  element: string
  /** What the kernel does with it. The composer may bind a 'read' as read_write where the platform asks for it. */
  access: 'read' | 'write' | 'read_write'
}

/**
 * A kernel's declaration: the one source of its bindings, params struct and constants. The composer (gpu/compose)
 * writes them before the file, so a file can never mismatch what is bound. Plain data.
 */
export interface Kernel {
  /** Unique over all kernels and variants: `linear_forward.nf4.aligned`. */
  name: string
  /** The WGSL file: functions only, entry point `main`; sizes of the workgroup as WORKGROUP_X, _Y, _Z. */
  source: string
  /** WGSL placed before the source: shared functions, and the include that makes a variant. */
  includes?: readonly string[]
  /** group(0), in argument order, outputs last; at most 8. */
  bindings: readonly KernelBinding[]
  /** Fields of `params` (group(1) binding(0), uniform), fixed when the plan is made. */
  params: readonly { name: string; type: ParamType }[]
  /** Whether the kernel reads `step` (group(1) binding(1), uniform StepParams). */
  usesStep?: boolean
  /** `const NAME = literal;` lines; a number with no dot becomes an u32 literal, otherwise give the literal's text. */
  constants?: Readonly<Record<string, number | string>>
  /** `enable` directives, e.g. f16, subgroups. */
  enables?: readonly string[]
  workgroupSize: readonly [x: number, y: number, z: number]
}

/** One dispatch of a kernel on symbolic tensors. */
export interface KernelCall {
  kernel: Kernel
  /** By binding name. A tensor must not be bound to two bindings of which one writes. */
  tensors: Readonly<Record<string, Tensor>>
  params: Readonly<Record<string, number>>
  workgroups: readonly [x: number, y: number, z: number]
}

/** Zeroes a tensor's bytes. */
export interface ClearCall {
  clear: Tensor
}

export type Call = KernelCall | ClearCall

/** What changes from step to step, in one small uniform buffer shared by all kernels with `usesStep`. */
export const STEP_PARAMS = [
  { name: 'learningRate', type: 'f32' },
  { name: 'beta1', type: 'f32' },
  { name: 'beta2', type: 'f32' },
  { name: 'epsilon', type: 'f32' },
  { name: 'weightDecay', type: 'f32' },
  /** 0 leaves gradients as they are. */
  { name: 'maxGradNorm', type: 'f32' },
  /** 1 − beta1^t */
  { name: 'biasCorrection1', type: 'f32' },
  /** 1 − beta2^t */
  { name: 'biasCorrection2', type: 'f32' },
  /** 1 / supervised tokens of the whole step: scales dlogits. */
  { name: 'inverseCount', type: 'f32' },
  { name: 'seed', type: 'u32' },
  { name: 'step', type: 'u32' },
  { name: 'microStep', type: 'u32' },
  /** Generation: tokens in the KV cache before those of this call. */
  { name: 'cacheLength', type: 'u32' },
  /** Generation: tokens of this call; rows past them are padding. */
  { name: 'tokenCount', type: 'u32' },
  /** Generation: 1 / sampling temperature. */
  { name: 'inverseTemperature', type: 'f32' },
] as const satisfies readonly { name: string; type: ParamType }[]

export type StepParams = Record<(typeof STEP_PARAMS)[number]['name'], number>
/** Fields that only generation sets. */
export type GenerationParam = 'cacheLength' | 'tokenCount' | 'inverseTemperature'
export const STEP_PARAMS_BYTES = Math.ceil((STEP_PARAMS.length * 4) / 16) * 16
