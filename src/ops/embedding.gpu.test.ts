import { embeddingCase } from '../verify/cases/embedding.ts'
import { testOp } from './testing/test-op.ts'

testOp(embeddingCase([0], 1, 1, 'f32'))
testOp(embeddingCase([6, 0, 0, 3, 6], 7, 5, 'f32'))
testOp(embeddingCase([6, 0, 3], 7, 64, 'f32'))
testOp(embeddingCase([6, 0, 3], 7, 5, 'bf16'))
testOp(embeddingCase([6, 0, 3, 1], 7, 576, 'bf16'))
testOp(embeddingCase([6, 0, 3], 7, 5, 'f16'))
testOp(embeddingCase([6, 0, 3, 1], 7, 64, 'f16'))
// Below 2^-14 a half is subnormal: some drivers would flush it.
testOp(embeddingCase([6, 0, 3, 1], 7, 64, 'f16', 1e-5))
