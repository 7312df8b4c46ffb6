import { residual } from '../../ops/residual.ts'
import { residualBackward, residualForward } from '../../reference/residual.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../op-case.ts'

/** y = x + branch, and both gradients. */
export function residualCase(shape: readonly [rows: number, columns: number]): OpCase {
  const size = shape[0] * shape[1]
  return {
    name: `residual ${shape.join('×')}`,
    inputs: {
      x: { shape, data: uniformValues(size, 1), gradient: 'activation' },
      branch: { shape, data: uniformValues(size, 2), gradient: 'activation' },
    },
    build: (graph, { x, branch }) => ({ y: residual(graph, x, branch) }),
    reference({ x, branch }, { y }) {
      const { dx, dbranch } = residualBackward(y)
      return { outputs: { y: residualForward(x, branch) }, gradients: { x: dx, branch: dbranch } }
    },
  }
}
