import { rmsnormCase } from '../verify/cases/rmsnorm.ts'
import { testOp } from './testing/test-op.ts'

testOp(rmsnormCase(1, 1))
testOp(rmsnormCase(9, 3))
testOp(rmsnormCase(5, 65))
testOp(rmsnormCase(65, 64))
testOp(rmsnormCase(3, 260))
// Rows in parts.
testOp(rmsnormCase(201, 12))
testOp(rmsnormCase(129, 5))
testOp(rmsnormCase(2, 576, 'bf16'))
testOp(rmsnormCase(2, 576, 'f16'))
testOp(rmsnormCase(3, 7, 'bf16'))
testOp(rmsnormCase(4, 64, 'f32', 1e-3))
testOp(rmsnormCase(4, 64, 'f32', 1e3))
