import { gradientNorm } from '../../ops/gradient-norm.ts'
import type { Values } from '../../reference/array.ts'
import { gradNorm } from '../../reference/grad-norm.ts'
import type { OpCase } from '../op-case.ts'

/** The Euclidean norm of all gradients. */
export function gradientNormCase(name: string, data: Values): OpCase {
  return {
    name: `gradient norm of ${name}`,
    inputs: { gradients: { shape: [data.length], data } },
    build(graph, { gradients }) {
      const norm = graph.activation('norm', [1])
      gradientNorm(graph, [gradients], norm)
      return { norm }
    },
    reference: ({ gradients }) => ({ outputs: { norm: [gradNorm([gradients], 0).norm] } }),
  }
}
