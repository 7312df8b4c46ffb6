import type { BufferRange, Plan } from '../graph/plan.ts'
import { RANGE_ALIGNMENT } from '../graph/pool.ts'
import type { Tensor } from '../graph/tensor.ts'

/** What the GPU reports of a step, side by side so that one small copy brings it back. */
const POOL = 'metrics'

const metric = (slot: number, name: string, count: number): Tensor => ({
  name: `${POOL}.${name}`,
  shape: [count],
  format: 'f32',
  sizeBytes: count * 4,
  home: { kind: 'pool', key: POOL, offset: slot * RANGE_ALIGNMENT },
  bytes: { workspace: RANGE_ALIGNMENT },
})

export const metricTensors = {
  /** f32 [2]: sum of the token losses, and the number of supervised tokens. */
  lossSum: metric(0, 'loss_sum', 2),
  /** f32 [1]: norm of the whole gradient before clipping. */
  gradNorm: metric(1, 'grad_norm', 1),
}

export const METRICS = { adapterNorms: 'adapter-norms' } as const

/** The range that holds all metrics. */
export function metricsRange(plan: Plan): BufferRange {
  const buffer = plan.buffers.findIndex(({ label }) => label === POOL)
  return { buffer, offset: 0, sizeBytes: plan.buffers[buffer].sizeBytes }
}

export function readMetrics(bytes: Uint8Array<ArrayBuffer>): { lossSum: number; gradNorm: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const gradNorm = bytes.byteLength > RANGE_ALIGNMENT ? view.getFloat32(RANGE_ALIGNMENT, true) : Number.NaN
  return { lossSum: view.getFloat32(0, true), gradNorm }
}
