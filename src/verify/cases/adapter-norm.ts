import { adapterNorm } from '../../ops/adapter-norm.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase, TestInput } from '../op-case.ts'

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

/** ‖BA‖² of each module. */
export function adapterNormCase(name: string, modules: Module[], sizeOfB = 1): OpCase {
  const inputs: Record<string, TestInput> = {}
  modules.forEach(({ rank, inner, outer }, index) => {
    inputs[`A${index}`] = { shape: [rank, inner], data: uniformValues(rank * inner, 10 + index) }
    inputs[`B${index}`] = {
      shape: [outer, rank],
      data: uniformValues(outer * rank, 20 + index, -sizeOfB, sizeOfB),
    }
  })
  return {
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
  }
}
