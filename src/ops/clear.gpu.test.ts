import { clearCase } from '../verify/cases/clear.ts'
import { testOp } from './testing/test-op.ts'

for (const size of [1, 130]) testOp(clearCase(size))
