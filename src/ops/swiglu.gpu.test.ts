import { swigluBackward, swigluForward } from '../reference/swiglu.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import type { OpCase } from '../verify/op-case.ts'
import { swiglu } from './swiglu.ts'
import { testOp } from './testing/test-op.ts'

const swigluCase = (
  name: string,
  shape: number[],
  range: number,
  trained = { gate: true, up: true },
): OpCase => {
  const size = shape[0] * shape[1]
  return {
    name: `swiglu ${name}`,
    inputs: {
      gate: {
        shape,
        data: uniformValues(size, 1, -range, range),
        gradient: trained.gate ? 'activation' : undefined,
      },
      up: { shape, data: uniformValues(size, 2), gradient: trained.up ? 'activation' : undefined },
    },
    build: (graph, { gate, up }) => ({ a: swiglu(graph, gate, up) }),
    reference({ gate, up }, gradients) {
      const a = swigluForward(gate, up)
      const { dgate, dup } = swigluBackward(gradients.a, gate, up)
      return { outputs: { a }, gradients: { gate: dgate, up: dup } }
    },
  }
}

testOp(swigluCase('one value', [1, 1], 4))
testOp(swigluCase('3×7, no multiple of 4', [3, 7], 4))
testOp(swigluCase('5×260', [5, 260], 4))
testOp(swigluCase('gates far out, where e^-z overflows', [4, 64], 120))
testOp(swigluCase('only the gate trains', [3, 8], 4, { gate: true, up: false }))
testOp(swigluCase('only up trains', [3, 8], 4, { gate: false, up: true }))
