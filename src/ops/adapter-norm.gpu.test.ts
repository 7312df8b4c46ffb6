import { adapterNormCase } from '../verify/cases/adapter-norm.ts'
import { testOp } from './testing/test-op.ts'

testOp(adapterNormCase('rank 1', [{ rank: 1, inner: 1, outer: 1 }]))
testOp(
  adapterNormCase('three modules of different shapes', [
    { rank: 4, inner: 33, outer: 17 },
    { rank: 8, inner: 64, outer: 24 },
    { rank: 16, inner: 40, outer: 80 },
  ]),
)
testOp(adapterNormCase('rank 20, more pairs than invocations', [{ rank: 20, inner: 31, outer: 29 }]))
testOp(adapterNormCase('B = 0', [{ rank: 4, inner: 16, outer: 16 }], 0))
