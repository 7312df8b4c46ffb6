import type { Batch, BatchShape } from '../data/batch.ts'
import type { Executable } from '../graph/executable.ts'
import { alignRange } from '../graph/pool.ts'
import { elementCount, type StorageFormat, type Tensor } from '../graph/tensor.ts'

/** Pool that holds one micro-batch; written in one go, shared by the stages of every shape. */
const POOL = 'batch'
const SORTED = 'sorted'

export interface BatchInputs extends BatchShape {
  /** u32 [N] */
  ids: Tensor
  /** i32 [N], −1 where not supervised. */
  targets: Tensor
  /** u32 [N] */
  positions: Tensor
  /** u32 [N] */
  segments: Tensor
  /** u32 [N]: every position, by its token, equal ones in order. Written where the plan has room for it. */
  sorted: Tensor
}

/** Symbolic inputs of B·T tokens, end to end in the batch pool. */
export function batchInputs({ batchSize, sequenceLength }: BatchShape): BatchInputs {
  const shape = [batchSize * sequenceLength]
  const stride = alignRange(elementCount(shape) * 4)
  const place = (slot: number, name: string, format: StorageFormat): Tensor => ({
    name: `${POOL}.${name}`,
    shape,
    format,
    sizeBytes: elementCount(shape) * 4,
    home: { kind: 'pool', key: POOL, offset: slot * stride },
    bytes: { workspace: stride },
  })
  return {
    batchSize,
    sequenceLength,
    ids: place(0, 'ids', 'u32'),
    targets: place(1, 'targets', 'i32'),
    positions: place(2, 'positions', 'u32'),
    segments: place(3, 'segments', 'u32'),
    sorted: place(4, SORTED, 'u32'),
  }
}

/** Writes a micro-batch where the stage of its shape reads it. */
export function writeBatch(executable: Executable, batch: Batch): void {
  const count = batch.batchSize * batch.sequenceLength
  const stride = alignRange(count * 4)
  const arrays = [batch.inputIds, batch.targets, batch.positionIds, batch.segmentIds]
  if (executable.plan.tensors[`${POOL}.${SORTED}`]) arrays.push(sortedPositions(batch.inputIds))
  const bytes = new Uint8Array(arrays.length * stride)
  for (const [slot, array] of arrays.entries()) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, count * 4), slot * stride)
  }
  const buffer = executable.plan.buffers.findIndex(({ label }) => label === POOL)
  executable.write({ buffer, offset: 0, sizeBytes: executable.plan.buffers[buffer].sizeBytes }, bytes)
}

function sortedPositions(ids: Uint32Array): Uint32Array {
  // Keys that are exact in float64: tokens first, then positions.
  const keys = Float64Array.from(ids, (id, n) => id * ids.length + n).sort()
  return Uint32Array.from(keys, (key) => key % ids.length)
}
