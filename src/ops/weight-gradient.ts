import narrow from '../../shaders/linear_weight_gradient_narrow.wgsl?raw'
import plain from '../../shaders/linear_weight_gradient_plain.wgsl?raw'
import tiled from '../../shaders/linear_weight_gradient_tiled.wgsl?raw'
import { type DeviceTraits, spreadWorkgroups } from '../graph/device.ts'
import type { Kernel, KernelCall } from '../graph/kernel.ts'
import type { WorkspaceRequest } from '../graph/operation.ts'
import type { Tensor } from '../graph/tensor.ts'
import { ELEMENTWISE_WORKGROUP } from './elementwise.ts'
import { assemble, type DropoutAttributes, gradientPart, leftPart, productPart } from './product-parts.ts'
import { NARROW, plainLanes, sharesTiles } from './product-tiles.ts'
import { sumParts } from './sum-parts.ts'

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
  const { kernel, params, sharesRows, invocations } = gradientTile(outFeatures, inFeatures, device)
  const options = { accumulate: accumulate && !summed, scale }
  const products = assemble(
    {
      ...kernel,
      workgroups: spreadWorkgroups(
        Math.ceil((partCount * invocations) / kernel.workgroupSize[0]),
        device.limits,
      ),
      params: { rows, outFeatures, rowsPerPart, ...params },
    },
    [
      gradientPart(gradient, outFeatures, sharesRows),
      leftPart(left, inFeatures, { dropout, firstRow: leftFirstRow }),
      productPart(summed ? parts : product, inFeatures, options, undefined, true),
    ],
  )
  if (!summed) return [products]
  return [
    products,
    sumParts({ parts, total: product, count: outFeatures * inFeatures, partCount, accumulate }, device),
  ]
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

interface GradientTile {
  kernel: Pick<Kernel, 'name' | 'source' | 'enables' | 'workgroupSize'>
  /** Beside those of every dW. */
  params: Record<string, number>
  /** Whether its lanes read the same outputs of dy and may share what each has read. */
  sharesRows: boolean
  /** That make the whole of one part. */
  invocations: number
}

/** The kernel for a dW [outFeatures, inFeatures]. */
function gradientTile(outFeatures: number, inFeatures: number, device: DeviceTraits): GradientTile {
  const name = 'linear_weight_gradient'
  const tiles = (rows: number, columns: number) =>
    Math.ceil(outFeatures / rows) * Math.ceil(inFeatures / columns)
  if (!sharesTiles(device)) {
    const lanes = plainLanes(inFeatures, device)
    const { enables, workgroupSize, params } = lanes
    return {
      kernel: { name: `${name}.plain`, source: plain, enables, workgroupSize },
      params,
      sharesRows: lanes.sharesRows,
      invocations: tiles(lanes.rows, lanes.columns) * workgroupSize[0],
    }
  }
  if (Math.min(outFeatures, inFeatures) <= NARROW) {
    return {
      kernel: { name: `${name}.narrow`, source: narrow, workgroupSize: ELEMENTWISE_WORKGROUP },
      params: {},
      sharesRows: false,
      invocations: tiles(4, 4),
    }
  }
  return {
    kernel: { name: `${name}.tiled`, source: tiled, workgroupSize: [256, 1, 1] },
    params: {},
    sharesRows: false,
    invocations: tiles(64, 128) * 256,
  }
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
  const { invocations } = gradientTile(outFeatures, inFeatures, device)
  const enough = device.software ? ENOUGH_INVOCATIONS.software : ENOUGH_INVOCATIONS.gpu
  const wanted = Math.min(Math.ceil(enough / invocations), Math.floor(rows / LEAST_ROWS_PER_PART))
  if (wanted <= 1) return 1
  // As many as really get rows.
  return Math.ceil(rows / Math.ceil(rows / wanted))
}
