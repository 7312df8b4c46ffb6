import flatIndex from '../../shaders/common/flat_index.wgsl?raw'
import valueF32 from '../../shaders/common/value_f32.wgsl?raw'
import valueVec4 from '../../shaders/common/value_vec4.wgsl?raw'
import { type DeviceLimits, spreadWorkgroups } from '../graph/device.ts'

/** How many elements a kernel takes at a time: WGSL's `Value`. */
export interface ValueWidth {
  width: 1 | 4
  /** Type of the bindings. */
  element: 'f32' | 'vec4<f32>'
  /** Names the variant. */
  suffix: 'vec4' | 'f32'
  /** Gives the alias `Value` and `sum_of`. */
  include: string
}

const VEC4: ValueWidth = { width: 4, element: 'vec4<f32>', suffix: 'vec4', include: valueVec4 }
const SCALAR: ValueWidth = { width: 1, element: 'f32', suffix: 'f32', include: valueF32 }

/** Four at a time where every extent allows it. */
export const valueWidth = (...extents: number[]): ValueWidth =>
  extents.every((extent) => extent % 4 === 0) ? VEC4 : SCALAR

/** Gives `flat_group` and `flat_index` for dispatches made by spreadWorkgroups. */
export const FLAT_INDEX = flatIndex

/** Invocations of a workgroup that works on `count` independent things. */
export const ELEMENTWISE_WORKGROUP = [64, 1, 1] as const

/** Workgroups of ELEMENTWISE_WORKGROUP for one invocation for each of `count`. */
export const elementwiseWorkgroups = (count: number, limits: DeviceLimits): [number, number, number] =>
  spreadWorkgroups(Math.ceil(count / ELEMENTWISE_WORKGROUP[0]), limits)
