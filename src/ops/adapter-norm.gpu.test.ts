import { uniformValues } from '../reference/uniform-values.ts'
import type { TestInput } from '../verify/op-case.ts'
import { adapterNorm } from './adapter-norm.ts'
import { testOp } from './testing/test-op.ts'

interface Module {
  rank: number
  inner: number
  outer: number
}

/** Σ (B·A)², the product formed. */
function squaredNorm(A: Float64Array, B: Float64Array, { rank, inner, outer }: Module): number {
  let sum = 0
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let element = 0
      for (let r = 0; r < rank; r++) element += B[o * rank + r] * A[r * inner + i]
      sum += element ** 2
    }
  }
  return sum
}

function adapterNormTest(name: string, modules: Module[], sizeOfB = 1): void {
  const inputs: Record<string, TestInput> = {}
  modules.forEach(({ rank, inner, outer }, index) => {
    inputs[`A${index}`] = { shape: [rank, inner], data: uniformValues(rank * inner, 10 + index) }
    inputs[`B${index}`] = {
      shape: [outer, rank],
      data: uniformValues(outer * rank, 20 + index, -sizeOfB, sizeOfB),
    }
  })
  testOp({
    name: `adapter norms: ${name}`,
    inputs,
    build: (graph, tensors) => ({
      norms: adapterNorm(
        graph,
        modules.map((_, index) => ({ A: tensors[`A${index}`], B: tensors[`B${index}`] })),
      ),
    }),
    reference: (values) => ({
      outputs: {
        norms: modules.map((module, index) => squaredNorm(values[`A${index}`], values[`B${index}`], module)),
      },
    }),
  })
}

adapterNormTest('rank 1', [{ rank: 1, inner: 1, outer: 1 }])
adapterNormTest('three modules of different shapes', [
  { rank: 4, inner: 33, outer: 17 },
  { rank: 8, inner: 64, outer: 24 },
  { rank: 16, inner: 40, outer: 80 },
])
adapterNormTest('rank 20, more pairs than invocations', [{ rank: 20, inner: 31, outer: 29 }])
adapterNormTest('B = 0', [{ rank: 4, inner: 16, outer: 16 }], 0)
