import forwardVector from '../../shaders/linear_forward_vector.wgsl?raw'
import type { DeviceTraits } from '../graph/device.ts'
import type { KernelCall } from '../graph/kernel.ts'
import type { Tensor } from '../graph/tensor.ts'
import { assemble, type DropoutAttributes, leftPart, productPart, weightPart } from './product-parts.ts'
import { productTile, tileWorkgroups } from './product-tiles.ts'
import { rowLayout } from './rows.ts'

/** (+)= scale · left × W or Wᵀ. All activations are f32. */
export interface WeightedProduct {
  left: Tensor
  /** [out, in], of any weight format. */
  weight: Tensor
  /** The code book of a 4-bit weight. */
  codebook?: Tensor
  product: Tensor
  /** Rows that take part. */
  rows: number
  /** First of them in `left`, and where they go in `product`; 0 when left out. */
  leftFirstRow?: number
  productFirstRow?: number
  /** Add to what `product` holds. */
  accumulate?: boolean
  scale?: number
  /** Of `left` in forwardProduct, of the product in inputGradientProduct. */
  dropout?: DropoutAttributes
}

/** y = x · Wᵀ: left [*, in], product [*, out]. */
export function forwardProduct(request: WeightedProduct, device: DeviceTraits): KernelCall {
  if (request.rows <= FEW_ROWS) return fewRowsProduct(request, device)
  const { left, leftFirstRow, weight, codebook, product, rows, dropout } = request
  const [outFeatures, inFeatures] = weight.shape
  const { name, code, sharesRows, storesVectors, ...tile } = productTile('forward', outFeatures, device)
  return assemble(
    {
      name: `linear_forward.${name}`,
      ...tile,
      workgroups: tileWorkgroups(tile, rows, outFeatures, device),
      params: { rows, inFeatures, ...tile.params },
    },
    [
      leftPart(left, inFeatures, { dropout, firstRow: leftFirstRow, sharedByLanes: sharesRows }),
      weightPart(weight, codebook, code),
      productPart(product, outFeatures, request, undefined, storesVectors),
    ],
  )
}

/** Rows up to which a product is bound by reading the weight. */
const FEW_ROWS = 2

/** forwardProduct, an element of the product a row of lanes. */
function fewRowsProduct(request: WeightedProduct, device: DeviceTraits): KernelCall {
  const { left, leftFirstRow, weight, codebook, product, rows, dropout } = request
  const [outFeatures, inFeatures] = weight.shape
  const lanes = rowLayout(rows * outFeatures, device)
  return assemble(
    {
      name: `linear_forward.vector.${lanes.name}`,
      source: forwardVector,
      includes: [lanes.include],
      workgroupSize: lanes.workgroupSize,
      workgroups: lanes.workgroups,
      params: { rows, inFeatures },
    },
    [
      leftPart(left, inFeatures, { dropout, firstRow: leftFirstRow }),
      weightPart(weight, codebook, device.software ? 'private' : 'buffer'),
      productPart(product, outFeatures, request, undefined, false),
    ],
  )
}

/**
 * dx = dy · W: left [*, out], product [*, in]. Long contractions go in ranges of outputs, each added to the ones before:
 * no sum in f32 gets too long, no dispatch takes too long.
 */
export function inputGradientProduct(request: WeightedProduct, device: DeviceTraits): KernelCall[] {
  const { left, leftFirstRow, weight, codebook, product, rows, dropout } = request
  const [outFeatures, inFeatures] = weight.shape
  const { name, code, sharesRows, storesVectors, ...tile } = productTile('inputGradient', inFeatures, device)
  const calls: KernelCall[] = []
  for (let firstOut = 0; firstOut < outFeatures; firstOut += LONGEST_CONTRACTION) {
    const endOut = Math.min(firstOut + LONGEST_CONTRACTION, outFeatures)
    const range = { ...request, accumulate: request.accumulate || firstOut > 0 }
    calls.push(
      assemble(
        {
          name: `linear_input_gradient.${name}`,
          ...tile,
          workgroups: tileWorkgroups(tile, rows, inFeatures, device),
          params: { rows, inFeatures, firstOut, endOut, ...tile.params },
        },
        [
          leftPart(left, outFeatures, { firstRow: leftFirstRow, sharedByLanes: sharesRows }),
          weightPart(weight, codebook, code),
          productPart(product, inFeatures, range, dropout, storesVectors),
        ],
      ),
    )
  }
  return calls
}

/** Outputs contracted by one dispatch; a multiple of every tile. */
const LONGEST_CONTRACTION = 8192
