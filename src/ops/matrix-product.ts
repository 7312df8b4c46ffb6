import gradientScalar from '../../shaders/common/gradient_scalar.wgsl?raw'
import gradientVec4 from '../../shaders/common/gradient_vec4.wgsl?raw'
import leftAsIs from '../../shaders/common/left_as_is.wgsl?raw'
import leftDropout from '../../shaders/common/left_dropout.wgsl?raw'
import leftScalar from '../../shaders/common/left_scalar.wgsl?raw'
import leftVec4 from '../../shaders/common/left_vec4.wgsl?raw'
import productAsIs from '../../shaders/common/product_as_is.wgsl?raw'
import productDropout from '../../shaders/common/product_dropout.wgsl?raw'
import productScalar from '../../shaders/common/product_scalar.wgsl?raw'
import productVec4 from '../../shaders/common/product_vec4.wgsl?raw'
import random from '../../shaders/common/random.wgsl?raw'
import forwardNarrow from '../../shaders/linear_forward_narrow.wgsl?raw'
import forwardPlain from '../../shaders/linear_forward_plain.wgsl?raw'
import forwardTiled from '../../shaders/linear_forward_tiled.wgsl?raw'
import forwardVector from '../../shaders/linear_forward_vector.wgsl?raw'
import inputGradientNarrow from '../../shaders/linear_input_gradient_narrow.wgsl?raw'
import inputGradientPlain from '../../shaders/linear_input_gradient_plain.wgsl?raw'
import inputGradientTiled from '../../shaders/linear_input_gradient_tiled.wgsl?raw'
import sumPartsSource from '../../shaders/linear_sum_parts.wgsl?raw'
import weightGradientSource from '../../shaders/linear_weight_gradient.wgsl?raw'
import { type DeviceTraits, spreadWorkgroups } from '../graph/device.ts'
import type { Kernel, KernelBinding, KernelCall } from '../graph/kernel.ts'
import type { WorkspaceRequest } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'
import { dropThreshold } from '../util/random.ts'
import { ELEMENTWISE_WORKGROUP, elementwiseWorkgroups, FLAT_INDEX } from './elementwise.ts'
import { rowLayout } from './rows.ts'
import { weightRowSource } from './weight-source.ts'

/** Inverted dropout by counters (util/random): the same `maskId` in the same micro-batch gives the same mask. */
export interface DropoutAttributes {
  /** Probability of dropping, in [0, 1). */
  p: number
  maskId: number
}

/** What the products have in common: (+)= scale · left × something. All activations are f32. */
interface ProductOptions {
  /** Rows that take part. */
  rows: number
  /** First of them in `left`, and where they go in `product`; 0 when left out. */
  leftFirstRow?: number
  productFirstRow?: number
  /** Add to what `product` holds. */
  accumulate?: boolean
  scale?: number
}

export interface WeightedProduct extends ProductOptions {
  left: Tensor
  /** [out, in], of any weight format. */
  weight: Tensor
  /** The code book of a 4-bit weight. */
  codebook?: Tensor
  product: Tensor
}

/** Columns or outputs up to which the narrow kernels are used. */
const NARROW = 32
const TILED_WORKGROUP = [256, 1, 1] as const
const PLAIN_WORKGROUP = [8, 8, 1] as const

/** A piece of a kernel that comes in variants. */
interface Part {
  name: string
  includes: string[]
  bindings: KernelBinding[]
  params: Kernel['params']
  paramValues: Record<string, number>
  tensors: Record<string, Tensor>
  usesStep: boolean
}

/** y = x · Wᵀ: left [*, in], product [*, out]. Dropout, where given, is applied to `left`. */
export function forwardProduct(
  request: WeightedProduct & { dropout?: DropoutAttributes },
  device: DeviceTraits,
): KernelCall {
  if (request.rows <= FEW_ROWS) return fewRowsProduct(request, device)
  const { left, weight, codebook, product, dropout, ...options } = request
  const [outFeatures, inFeatures] = weight.shape
  const variant = chooseVariant(device, outFeatures)
  const tile = FORWARD_TILES[variant]
  return assemble(
    {
      name: `linear_forward.${variant}`,
      source: tile.source,
      workgroupSize: tile.workgroup,
      workgroups: tileWorkgroups(options.rows, tile.rows, outFeatures, tile.columns, device),
      params: { inFeatures },
    },
    [
      leftPart(left, inFeatures, dropout, options.leftFirstRow),
      weightPart(weight, codebook, variant),
      // The tiled kernels store single outputs.
      productPart(product, outFeatures, options, undefined, variant === 'plain'),
    ],
    options,
  )
}

/** Rows up to which a product is bound by reading the weight. */
const FEW_ROWS = 2

/** forwardProduct, an element of the product a row of lanes. */
function fewRowsProduct(
  { left, weight, codebook, product, dropout, ...options }: WeightedProduct & { dropout?: DropoutAttributes },
  device: DeviceTraits,
): KernelCall {
  const [outFeatures, inFeatures] = weight.shape
  const lanes = rowLayout(options.rows * outFeatures, device)
  const call = assemble(
    {
      name: `linear_forward.vector.${lanes.name}`,
      source: forwardVector,
      workgroupSize: lanes.workgroupSize,
      workgroups: lanes.workgroups,
      params: { inFeatures },
    },
    [
      leftPart(left, inFeatures, dropout, options.leftFirstRow),
      weightPart(weight, codebook, 'plain'),
      productPart(product, outFeatures, options, undefined, false),
    ],
    options,
  )
  return { ...call, kernel: { ...call.kernel, includes: [...(call.kernel.includes ?? []), lanes.include] } }
}

/**
 * dx = dy · W: left [*, out], product [*, in]. Dropout, where given, is applied to the product. Long contractions go in
 * ranges of outputs, each added to the ones before: no sum in f32 gets too long, no dispatch takes too long.
 */
export function inputGradientProduct(
  { left, weight, codebook, product, dropout, ...options }: WeightedProduct & { dropout?: DropoutAttributes },
  device: DeviceTraits,
): KernelCall[] {
  const [outFeatures, inFeatures] = weight.shape
  const variant = chooseVariant(device, inFeatures)
  const tile = INPUT_GRADIENT_TILES[variant]
  const calls: KernelCall[] = []
  for (let firstOut = 0; firstOut < outFeatures; firstOut += LONGEST_CONTRACTION) {
    const range = { ...options, accumulate: options.accumulate || firstOut > 0 }
    calls.push(
      assemble(
        {
          name: `linear_input_gradient.${variant}`,
          source: tile.source,
          workgroupSize: tile.workgroup,
          workgroups: tileWorkgroups(options.rows, tile.rows, inFeatures, tile.columns, device),
          params: { inFeatures, firstOut, endOut: Math.min(firstOut + LONGEST_CONTRACTION, outFeatures) },
        },
        [
          leftPart(left, outFeatures, undefined, options.leftFirstRow),
          weightPart(weight, codebook, variant),
          productPart(product, inFeatures, range, dropout, variant !== 'narrow'),
        ],
        range,
      ),
    )
  }
  return calls
}

/** Outputs contracted by one dispatch; a multiple of every tile. */
const LONGEST_CONTRACTION = 8192

export interface WeightGradientProduct {
  /** x [*, in] */
  left: Tensor
  /** First row of `left` that takes part; 0 when left out. */
  leftFirstRow?: number
  /** dy [N, out] */
  gradient: Tensor
  /** dW [out, in] */
  product: Tensor
  rows: number
  accumulate?: boolean
  scale?: number
  /** Applied to `left`. */
  dropout?: DropoutAttributes
}

/**
 * dW = dyᵀ · x. `parts` is scratch space by weightGradientWorkspace: where dW alone has too few elements to fill the
 * device, the rows are cut into parts that are summed in order.
 */
export function weightGradientProduct(
  {
    left,
    leftFirstRow,
    gradient,
    product,
    rows,
    accumulate = false,
    scale = 1,
    dropout,
  }: WeightGradientProduct,
  parts: Tensor | undefined,
  device: DeviceTraits,
): KernelCall[] {
  const [outFeatures, inFeatures] = product.shape
  const partCount = weightGradientParts(rows, outFeatures, inFeatures, device)
  const rowsPerPart = Math.ceil(rows / partCount)
  const summed = partCount > 1 && parts !== undefined
  const options = { rows, accumulate: accumulate && !summed, scale }
  const vectors = outFeatures % 4 === 0
  const invocations = partCount * Math.ceil(outFeatures / 4) * Math.ceil(inFeatures / 4)
  const gradientPart: Part = {
    ...emptyPart(vectors ? 'vec4' : 'any'),
    includes: [vectors ? gradientVec4 : gradientScalar],
    bindings: [{ name: 'gradient', element: vectors ? 'vec4<f32>' : 'f32', access: 'read' }],
    tensors: { gradient },
  }
  const products = assemble(
    {
      name: 'linear_weight_gradient',
      source: weightGradientSource,
      workgroupSize: ELEMENTWISE_WORKGROUP,
      workgroups: elementwiseWorkgroups(invocations, device.limits),
      params: { outFeatures, rowsPerPart },
    },
    [
      gradientPart,
      leftPart(left, inFeatures, dropout, leftFirstRow),
      productPart(summed ? parts : product, inFeatures, options, undefined, true),
    ],
    options,
  )
  if (!summed) return [products]
  return [
    products,
    sumParts({ parts, total: product, count: outFeatures * inFeatures, partCount, accumulate }, device),
  ]
}

/** total (+)= Σ of `partCount` vectors of `count` elements that lie end to end in `parts`, in order. */
export function sumParts(
  options: { parts: Tensor; total: Tensor; count: number; partCount: number; accumulate: boolean },
  device: DeviceTraits,
): KernelCall {
  const { parts, total, count, partCount, accumulate } = options
  return {
    kernel: sumPartsKernel,
    tensors: { parts, total },
    params: { count, parts: partCount, accumulate: Number(accumulate) },
    workgroups: elementwiseWorkgroups(count, device.limits),
  }
}

/** Scratch space for weightGradientProduct, or undefined where none is needed. */
export function weightGradientWorkspace(
  rows: number,
  [outFeatures, inFeatures]: readonly number[],
  device: DeviceTraits,
): WorkspaceRequest | undefined {
  const parts = weightGradientParts(rows, outFeatures, inFeatures, device)
  return parts > 1 ? { shape: [parts, outFeatures, inFeatures], format: 'f32' } : undefined
}

/** Invocations that fill a device, and rows that are worth one. */
const ENOUGH_INVOCATIONS = { gpu: 16384, software: 256 }
const LEAST_ROWS_PER_PART = 32

function weightGradientParts(
  rows: number,
  outFeatures: number,
  inFeatures: number,
  device: DeviceTraits,
): number {
  const invocations = Math.ceil(outFeatures / 4) * Math.ceil(inFeatures / 4)
  const enough = device.software ? ENOUGH_INVOCATIONS.software : ENOUGH_INVOCATIONS.gpu
  const wanted = Math.min(Math.ceil(enough / invocations), Math.floor(rows / LEAST_ROWS_PER_PART))
  if (wanted <= 1) return 1
  // As many as really get rows.
  return Math.ceil(rows / Math.ceil(rows / wanted))
}

const sumPartsKernel: Kernel = {
  name: 'linear_sum_parts',
  source: sumPartsSource,
  includes: [FLAT_INDEX],
  bindings: [
    { name: 'parts', element: 'f32', access: 'read' },
    { name: 'total', element: 'f32', access: 'read_write' },
  ],
  params: [
    { name: 'count', type: 'u32' },
    { name: 'parts', type: 'u32' },
    { name: 'accumulate', type: 'u32' },
  ],
  workgroupSize: ELEMENTWISE_WORKGROUP,
}

type Variant = 'plain' | 'tiled' | 'narrow'

interface Tile {
  source: string
  workgroup: readonly [number, number, number]
  /** Of the product, by one workgroup. */
  rows: number
  columns: number
}

const FORWARD_TILES: Record<Variant, Tile> = {
  plain: {
    source: forwardPlain,
    workgroup: PLAIN_WORKGROUP,
    rows: 4 * PLAIN_WORKGROUP[1],
    columns: 8 * PLAIN_WORKGROUP[0],
  },
  tiled: { source: forwardTiled, workgroup: TILED_WORKGROUP, rows: 64, columns: 128 },
  narrow: { source: forwardNarrow, workgroup: TILED_WORKGROUP, rows: 16, columns: 16 },
}

const INPUT_GRADIENT_TILES: Record<Variant, Tile> = {
  plain: {
    source: inputGradientPlain,
    workgroup: PLAIN_WORKGROUP,
    rows: 8 * PLAIN_WORKGROUP[1],
    columns: 4 * PLAIN_WORKGROUP[0],
  },
  tiled: { source: inputGradientTiled, workgroup: TILED_WORKGROUP, rows: 64, columns: 128 },
  narrow: { source: inputGradientNarrow, workgroup: TILED_WORKGROUP, rows: 16, columns: 16 },
}

/** Bytes of workgroup memory of the largest tiled kernel: 5 + 10 KiB and the 16 values of a code. */
const TILED_WORKGROUP_BYTES = 15 * 1024 + 64

function chooseVariant({ software, limits }: DeviceTraits, productWidth: number): Variant {
  const fits =
    limits.maxComputeWorkgroupStorageSize >= TILED_WORKGROUP_BYTES &&
    limits.maxComputeInvocationsPerWorkgroup >= 256
  if (software || !fits) return 'plain'
  return productWidth <= NARROW ? 'narrow' : 'tiled'
}

const tileWorkgroups = (
  rows: number,
  tileRows: number,
  columns: number,
  tileColumns: number,
  device: DeviceTraits,
) => spreadWorkgroups(Math.ceil(rows / tileRows) * Math.ceil(columns / tileColumns), device.limits)

const emptyPart = (name: string): Part => ({
  name,
  includes: [],
  bindings: [],
  params: [],
  paramValues: {},
  tensors: {},
  usesStep: false,
})

const weightPart = (weight: Tensor, codebook: Tensor | undefined, variant: Variant): Part => ({
  ...weightRowSource(weight, {
    codebook,
    sharedCode: variant !== 'plain' && weight.quantization !== undefined,
  }),
  usesStep: false,
})

function leftPart(left: Tensor, width: number, dropout?: DropoutAttributes, firstRow = 0): Part {
  const vectors = width % 4 === 0
  const dropping = dropoutPart(dropout)
  return {
    name: `${vectors ? 'vec4' : 'any'}${dropping ? '-dropout' : ''}`,
    includes: [
      dropping ? leftDropout : leftAsIs,
      ...(dropping?.includes ?? []),
      vectors ? leftVec4 : leftScalar,
    ],
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

function productPart(
  product: Tensor,
  width: number,
  { accumulate = false, scale = 1, productFirstRow = 0 }: Partial<ProductOptions>,
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

/** Puts a kernel and its call together from the parts that make its variant. */
function assemble(
  kernel: Pick<Kernel, 'name' | 'source' | 'workgroupSize'> & {
    workgroups: KernelCall['workgroups']
    params: Record<string, number>
  },
  parts: readonly Part[],
  { rows = 0 }: Partial<ProductOptions>,
): KernelCall {
  const own = { rows, ...kernel.params }
  return {
    kernel: {
      name: [kernel.name, ...parts.map(({ name }) => name)].join('.'),
      source: kernel.source,
      includes: [FLAT_INDEX, ...parts.flatMap(({ includes }) => includes)],
      bindings: parts.flatMap(({ bindings }) => bindings),
      params: [
        ...Object.keys(own).map((name) => ({ name, type: 'u32' as const })),
        ...parts.flatMap(({ params }) => params),
      ],
      usesStep: parts.some(({ usesStep }) => usesStep),
      workgroupSize: kernel.workgroupSize,
    },
    tensors: Object.assign({}, ...parts.map(({ tensors }) => tensors)),
    params: Object.assign({}, own, ...parts.map(({ paramValues }) => paramValues)),
    workgroups: kernel.workgroups,
  }
}
