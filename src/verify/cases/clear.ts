import { clear } from '../../ops/clear.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../op-case.ts'

export const clearCase = (size: number): OpCase => ({
  name: `clear ${size} elements`,
  inputs: { x: { shape: [size], data: uniformValues(size, 1) } },
  build(graph, { x }) {
    clear(graph, x)
    return { x }
  },
  reference: () => ({ outputs: { x: new Float64Array(size) } }),
})
