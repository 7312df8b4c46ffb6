import { residualBackward, residualForward } from '../reference/residual.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import { residual } from './residual.ts'
import { testOp } from './testing/test-op.ts'

for (const shape of [
  [1, 1],
  [3, 7],
  [4, 64],
  [5, 260],
]) {
  const size = shape[0] * shape[1]
  testOp({
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
  })
}
