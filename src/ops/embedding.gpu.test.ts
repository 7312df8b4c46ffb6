import { embeddingCase } from '../verify/cases/embedding.ts'
import { testOp } from './testing/test-op.ts'

testOp(embeddingCase([0], 1, 1, 'f32'))
testOp(embeddingCase([6, 0, 0, 3, 6], 7, 5, 'f32'))
testOp(embeddingCase([6, 0, 3], 7, 64, 'f32'))
// A token that fills most of the batch, and rows of the table that no token reads.
testOp(embeddingCase([...Array(90).fill(4), 1, 4, 11, 1, ...Array(40).fill(4)], 12, 36, 'f32'))
testOp(embeddingCase([6, 0, 3], 7, 5, 'bf16'))
testOp(embeddingCase([6, 0, 3, 1], 7, 576, 'bf16'))
testOp(embeddingCase([6, 0, 3], 7, 5, 'f16'))
testOp(embeddingCase([6, 0, 3, 1], 7, 64, 'f16'))
// Below 2^-14 a half is subnormal: some drivers would flush it.
testOp(embeddingCase([6, 0, 3, 1], 7, 64, 'f16', 1e-5))
