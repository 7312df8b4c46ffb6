import { attentionCase, packed, shape } from '../verify/cases/attention.ts'
import { testOp } from './testing/test-op.ts'

// The tiles of a real GPU: a software adapter takes long to compile them.
const limits = { maxComputeWorkgroupStorageSize: 16384 }

for (const headDim of [8, 16, 32, 64, 96, 128, 256]) {
  testOp(
    attentionCase(`with full tiles, heads of ${headDim}`, shape(2, 70, 4, 2, headDim), {
      limits,
      segmentIds: packed(140, 9, 61, 1),
    }),
    ['gpu'],
  )
}
