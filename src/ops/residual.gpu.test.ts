import { residualCase } from '../verify/cases/residual.ts'
import { testOp } from './testing/test-op.ts'

testOp(residualCase([1, 1]))
testOp(residualCase([3, 7]))
testOp(residualCase([4, 64]))
testOp(residualCase([5, 260]))
