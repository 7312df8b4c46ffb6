import { uniformValues } from '../reference/uniform-values.ts'
import { clear } from './clear.ts'
import { testOp } from './testing/test-op.ts'

for (const size of [1, 130]) {
  testOp({
    name: `clear ${size} elements`,
    inputs: { x: { shape: [size], data: uniformValues(size, 1) } },
    build(graph, { x }) {
      clear(graph, x)
      return { x }
    },
    reference: () => ({ outputs: { x: new Float64Array(size) } }),
  })
}
