import rowsOf4 from '../../shaders/common/rows_of_4.wgsl?raw'
import forwardNarrow from '../../shaders/linear_forward_narrow.wgsl?raw'
import forwardPlain from '../../shaders/linear_forward_plain.wgsl?raw'
import forwardTiled from '../../shaders/linear_forward_tiled.wgsl?raw'
import inputGradientNarrow from '../../shaders/linear_input_gradient_narrow.wgsl?raw'
import inputGradientPlain from '../../shaders/linear_input_gradient_plain.wgsl?raw'
import inputGradientTiled from '../../shaders/linear_input_gradient_tiled.wgsl?raw'
import { type DeviceTraits, spreadWorkgroups } from '../graph/device.ts'
import type { CodeMemory } from './weight-source.ts'

/** A product's kernel for a device, and the part of the product that one workgroup makes. */
export interface ProductTile {
  /** Names the variant. */
  name: string
  source: string
  includes: readonly string[]
  /** Beside those of the product. */
  params: Record<string, number>
  workgroupSize: readonly [number, number, number]
  rows: number
  columns: number
  /** Where it keeps the values of a 4-bit code. */
  code: CodeMemory
  /** Whether its lanes read the same rows of the factor that is no weight, and may share what each has read. */
  sharesRows: boolean
  /** Whether it stores four columns at a time. */
  storesVectors: boolean
  enables?: readonly string[]
}

/** Products of a weight. */
export type ProductKind = 'forward' | 'inputGradient'

const SOURCES = {
  forward: { plain: forwardPlain, tiled: forwardTiled, narrow: forwardNarrow },
  inputGradient: { plain: inputGradientPlain, tiled: inputGradientTiled, narrow: inputGradientNarrow },
}

/** Columns of a product up to which the narrow kernels are used. */
export const NARROW = 32

/** Bytes of workgroup memory of the largest tiled kernel: 5 + 10 KiB and the 16 values of a code. */
const TILED_WORKGROUP_BYTES = 15 * 1024 + 64

/** Whether a device gains from tiles in workgroup memory; the others get kernels that keep theirs in registers. */
export const sharesTiles = ({ software, limits }: DeviceTraits): boolean =>
  !software &&
  limits.maxComputeWorkgroupStorageSize >= TILED_WORKGROUP_BYTES &&
  limits.maxComputeInvocationsPerWorkgroup >= 256

/** The kernel for a product of `width` columns. */
export function productTile(kind: ProductKind, width: number, device: DeviceTraits): ProductTile {
  if (!sharesTiles(device)) return plainTile(kind, width, device)
  const variant = width <= NARROW ? 'narrow' : 'tiled'
  return {
    name: variant,
    source: SOURCES[kind][variant],
    includes: [],
    params: {},
    workgroupSize: [256, 1, 1],
    ...(variant === 'narrow' ? { rows: 16, columns: 16 } : { rows: 64, columns: 128 }),
    code: 'workgroup',
    sharesRows: false,
    storesVectors: kind === 'inputGradient' && variant === 'tiled',
  }
}

/** Invocations of a plain workgroup, and the tile that each makes in registers. */
const PLAIN_LANES = 8
const PLAIN_ROWS = 8
const PLAIN_COLUMNS = 8

/** What plain kernels of every kind of product have in common. */
export interface PlainLanes
  extends Pick<ProductTile, 'params' | 'enables' | 'workgroupSize' | 'rows' | 'columns' | 'sharesRows'> {
  /** Whether the lanes are a subgroup. */
  subgroup: boolean
}

/** The lanes of a plain workgroup: where a product is too narrow for all side by side, the others take further rows. */
export function plainLanes(width: number, { features, subgroupLanes }: DeviceTraits): PlainLanes {
  let across = 1
  while (across < PLAIN_LANES && across * PLAIN_COLUMNS < width) across *= 2
  const subgroup = features.subgroups && subgroupLanes === PLAIN_LANES
  return {
    params: { lanesAcross: across },
    workgroupSize: [PLAIN_LANES, 1, 1],
    rows: PLAIN_ROWS * (PLAIN_LANES / across),
    columns: PLAIN_COLUMNS * across,
    subgroup,
    sharesRows: subgroup && across === PLAIN_LANES,
    ...(subgroup && { enables: ['subgroups'] }),
  }
}

/**
 * Where the lanes are a subgroup, they hand each other the code and the left rows: on a software adapter that costs a
 * tenth of a read.
 */
function plainTile(kind: ProductKind, width: number, device: DeviceTraits): ProductTile {
  const { subgroup, ...lanes } = plainLanes(width, device)
  return {
    ...lanes,
    name: 'plain',
    source: SOURCES[kind].plain,
    includes: [rowsOf4],
    code: subgroup ? 'lanes' : 'private',
    storesVectors: true,
  }
}

/** Workgroups that cover a product of rows × columns. */
export const tileWorkgroups = (
  tile: Pick<ProductTile, 'rows' | 'columns'>,
  rows: number,
  columns: number,
  { limits }: DeviceTraits,
): [number, number, number] =>
  spreadWorkgroups(Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns), limits)
