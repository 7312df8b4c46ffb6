import { swiglu } from '../../ops/swiglu.ts'
import { swigluBackward, swigluForward } from '../../reference/swiglu.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../op-case.ts'

/** a = silu(gate) · up, and the gradients of those that train. */
export const swigluCase = (
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
