import { lastRowCase } from '../verify/cases/last-row.ts'
import { testOp } from './testing/test-op.ts'

testOp(lastRowCase(1, 7, 1))
testOp(lastRowCase(5, 65, 3))
testOp(lastRowCase(8, 192, 8))
