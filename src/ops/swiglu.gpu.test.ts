import { swigluCase } from '../verify/cases/swiglu.ts'
import { testOp } from './testing/test-op.ts'

testOp(swigluCase('one value', [1, 1], 4))
testOp(swigluCase('3×7, no multiple of 4', [3, 7], 4))
testOp(swigluCase('5×260', [5, 260], 4))
testOp(swigluCase('gates far out, where e^-z overflows', [4, 64], 120))
testOp(swigluCase('only the gate trains', [3, 8], 4, { gate: true, up: false }))
testOp(swigluCase('only up trains', [3, 8], 4, { gate: false, up: true }))
