import rowsInvocation from '../../shaders/common/rows_invocation.wgsl?raw'
import rowsWorkgroup from '../../shaders/common/rows_workgroup.wgsl?raw'
import { type DeviceTraits, spreadWorkgroups } from '../graph/device.ts'

/** Which invocations share a row of a row-wise kernel. */
export interface RowLayout {
  /** Names the variant. */
  name: 'workgroup' | 'invocation'
  /** Gives LANES, `row_of`, `lane_of` and `row_sum`. */
  include: string
  workgroupSize: readonly [number, number, number]
  workgroups: [number, number, number]
}

const LANES = 64
/** Few, so that the rows of a short batch still spread over the cores. */
const ROWS_OF_A_SOFTWARE_WORKGROUP = 8

/** A workgroup a row, with sums through workgroup memory; on a software adapter, where barriers are dear, an invocation a row. */
export function rowLayout(rows: number, { software, limits }: DeviceTraits): RowLayout {
  if (!software) {
    return {
      name: 'workgroup',
      include: rowsWorkgroup,
      workgroupSize: [LANES, 1, 1],
      workgroups: spreadWorkgroups(rows, limits),
    }
  }
  return {
    name: 'invocation',
    include: rowsInvocation,
    workgroupSize: [ROWS_OF_A_SOFTWARE_WORKGROUP, 1, 1],
    workgroups: spreadWorkgroups(Math.ceil(rows / ROWS_OF_A_SOFTWARE_WORKGROUP), limits),
  }
}
