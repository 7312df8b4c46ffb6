import gradientLanes from '../../shaders/common/gradient_lanes.wgsl?raw'
import gradientScalar from '../../shaders/common/gradient_scalar.wgsl?raw'
import gradientVec4 from '../../shaders/common/gradient_vec4.wgsl?raw'
import leftAsIs from '../../shaders/common/left_as_is.wgsl?raw'
import leftDropout from '../../shaders/common/left_dropout.wgsl?raw'
import leftLanes from '../../shaders/common/left_lanes.wgsl?raw'
import leftScalar from '../../shaders/common/left_scalar.wgsl?raw'
import leftVec4 from '../../shaders/common/left_vec4.wgsl?raw'
import productAsIs from '../../shaders/common/product_as_is.wgsl?raw'
import productDropout from '../../shaders/common/product_dropout.wgsl?raw'
import productScalar from '../../shaders/common/product_scalar.wgsl?raw'
import productVec4 from '../../shaders/common/product_vec4.wgsl?raw'
import random from '../../shaders/common/random.wgsl?raw'
import type { Kernel, KernelBinding, KernelCall } from '../graph/kernel.ts'
import type { Tensor } from '../graph/tensor.ts'
import { dropThreshold } from '../util/random.ts'
import { FLAT_INDEX } from './elementwise.ts'
import { type CodeMemory, weightRowSource } from './weight-source.ts'

/** Inverted dropout by counters (util/random): the same `maskId` in the same micro-batch gives the same mask. */
export interface DropoutAttributes {
  /** Probability of dropping, in [0, 1). */
  p: number
  maskId: number
}

/** A piece of a product's kernel that comes in variants: WGSL includes and all that they bind. */
export interface Part {
  /** Names the variant. */
  name: string
  includes: string[]
  bindings: KernelBinding[]
  params: Kernel['params']
  paramValues: Record<string, number>
  tensors: Record<string, Tensor>
  usesStep: boolean
}

/** The matrix W [out, in] of any format, read in runs of its rows. */
export const weightPart = (weight: Tensor, codebook: Tensor | undefined, code: CodeMemory): Part => ({
  ...weightRowSource(weight, { codebook, code }),
  usesStep: false,
})

/** The left factor [*, width] from `firstRow` on: `load_left4`, under dropout where given. */
export function leftPart(
  left: Tensor,
  width: number,
  {
    dropout,
    firstRow = 0,
    sharedByLanes = false,
  }: { dropout?: DropoutAttributes; firstRow?: number; sharedByLanes?: boolean },
): Part {
  const dropping = dropoutPart(dropout)
  const lanes = sharedByLanes && !dropping
  const vectors = !lanes && width % 4 === 0
  return {
    name: lanes ? 'lanes' : `${vectors ? 'vec4' : 'any'}${dropping ? '-dropout' : ''}`,
    includes: lanes
      ? [leftLanes]
      : [dropping ? leftDropout : leftAsIs, ...(dropping?.includes ?? []), vectors ? leftVec4 : leftScalar],
    bindings: [{ name: 'left', element: vectors ? 'vec4<f32>' : 'f32', access: 'read' }],
    params: [
      { name: 'leftWidth', type: 'u32' },
      { name: 'leftFirstRow', type: 'u32' },
      ...(dropping?.params ?? []),
    ],
    paramValues: { leftWidth: width, leftFirstRow: firstRow, ...dropping?.paramValues },
    tensors: { left },
    usesStep: dropping !== null,
  }
}

/** Where the products go, [*, width]: `store_product4` (and `store_product` without vectors), (+)= scale · value. */
export function productPart(
  product: Tensor,
  width: number,
  {
    accumulate = false,
    scale = 1,
    productFirstRow = 0,
  }: { accumulate?: boolean; scale?: number; productFirstRow?: number },
  dropout: DropoutAttributes | undefined,
  mayUseVectors: boolean,
): Part {
  const vectors = mayUseVectors && width % 4 === 0
  const dropping = dropoutPart(dropout)
  return {
    name: `${vectors ? 'vec4' : 'any'}${dropping ? '-dropout' : ''}`,
    includes: [
      dropping ? productDropout : productAsIs,
      ...(dropping?.includes ?? []),
      vectors ? productVec4 : productScalar,
    ],
    bindings: [{ name: 'product', element: vectors ? 'vec4<f32>' : 'f32', access: 'read_write' }],
    params: [
      { name: 'productWidth', type: 'u32' },
      { name: 'productFirstRow', type: 'u32' },
      { name: 'accumulate', type: 'u32' },
      { name: 'scale', type: 'f32' },
      ...(dropping?.params ?? []),
    ],
    paramValues: {
      productWidth: width,
      productFirstRow,
      accumulate: Number(accumulate),
      scale,
      ...dropping?.paramValues,
    },
    tensors: { product },
    usesStep: dropping !== null,
  }
}

/** dy [*, width], the left factor of dW: `load_gradient8`, and `load_gradient4` where the lanes share nothing. */
export function gradientPart(gradient: Tensor, width: number, sharedByLanes: boolean): Part {
  const vectors = !sharedByLanes && width % 4 === 0
  const name = sharedByLanes ? 'lanes' : vectors ? 'vec4' : 'any'
  return {
    name,
    includes: [{ lanes: gradientLanes, vec4: gradientVec4, any: gradientScalar }[name]],
    bindings: [{ name: 'gradient', element: vectors ? 'vec4<f32>' : 'f32', access: 'read' }],
    params: [],
    paramValues: {},
    tensors: { gradient },
    usesStep: false,
  }
}

function dropoutPart(
  dropout: DropoutAttributes | undefined,
): Pick<Part, 'includes' | 'params' | 'paramValues'> | null {
  if (!dropout || dropout.p === 0) return null
  return {
    includes: [random],
    params: [
      { name: 'dropoutMask', type: 'u32' },
      { name: 'dropoutThreshold', type: 'u32' },
      { name: 'dropoutScale', type: 'f32' },
    ],
    paramValues: {
      dropoutMask: dropout.maskId,
      dropoutThreshold: dropThreshold(dropout.p),
      dropoutScale: 1 / (1 - dropout.p),
    },
  }
}

/** Puts a kernel and its call together from the parts that make its variant; `params` are u32 of its own. */
export function assemble(
  kernel: Pick<Kernel, 'name' | 'source' | 'workgroupSize' | 'constants' | 'enables'> & {
    includes?: readonly string[]
    workgroups: KernelCall['workgroups']
    params: Record<string, number>
  },
  parts: readonly Part[],
): KernelCall {
  const own = kernel.params
  return {
    kernel: {
      name: [kernel.name, ...parts.map(({ name }) => name)].join('.'),
      source: kernel.source,
      includes: [FLAT_INDEX, ...parts.flatMap(({ includes }) => includes), ...(kernel.includes ?? [])],
      bindings: parts.flatMap(({ bindings }) => bindings),
      params: [
        ...Object.keys(own).map((name) => ({ name, type: 'u32' as const })),
        ...parts.flatMap(({ params }) => params),
      ],
      constants: kernel.constants,
      enables: kernel.enables,
      usesStep: parts.some(({ usesStep }) => usesStep),
      workgroupSize: kernel.workgroupSize,
    },
    tensors: Object.assign({}, ...parts.map(({ tensors }) => tensors)),
    params: Object.assign({}, own, ...parts.map(({ paramValues }) => paramValues)),
    workgroups: kernel.workgroups,
  }
}
