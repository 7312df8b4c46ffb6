import { ropeCase } from '../verify/cases/rope.ts'
import { testOp } from './testing/test-op.ts'

testOp(ropeCase({ tokens: 1, heads: 1, headDim: 2, positions: [3] }))
testOp(ropeCase({ tokens: 5, heads: 3, headDim: 6, positions: [0, 1, 2, 0, 1] }))
testOp(ropeCase({ tokens: 7, heads: 2, headDim: 8, positions: [0, 1, 2, 3, 0, 1, 2] }))
testOp(ropeCase({ tokens: 4, heads: 9, headDim: 64, positions: [0, 8191, 17, 4000] }))
