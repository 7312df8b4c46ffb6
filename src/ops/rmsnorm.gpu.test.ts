import { rmsnormBackward, rmsnormForward } from '../reference/rmsnorm.ts'
import { uniformValues } from '../reference/uniform-values.ts'
import type { DenseInput } from '../verify/op-case.ts'
import { rmsnorm } from './rmsnorm.ts'
import { testOp } from './testing/test-op.ts'

const EPS = 1e-5

function rmsnormTest(rows: number, columns: number, format: DenseInput['format'] = 'f32', range = 1): void {
  testOp({
    name: `rmsnorm ${rows}×${columns}, ${format} weight, values up to ${range}`,
    inputs: {
      x: {
        shape: [rows, columns],
        data: uniformValues(rows * columns, 1, -range, range),
        gradient: 'activation',
      },
      weight: { shape: [columns], data: uniformValues(columns, 2, 0.1, 2), format },
    },
    build: (graph, { x, weight }) => ({ y: rmsnorm(graph, x, weight, EPS) }),
    reference({ x, weight }, gradients) {
      const { y, rstd } = rmsnormForward(x, weight, Math.fround(EPS))
      return { outputs: { y }, gradients: { x: rmsnormBackward(gradients.y, x, weight, rstd).dx } }
    },
    // The gradient of a single column is what cancellation leaves of it.
    tolerance: columns === 1 ? { 'd(x)': 1e-4 } : undefined,
  })
}

rmsnormTest(1, 1)
rmsnormTest(9, 3)
rmsnormTest(5, 65)
rmsnormTest(65, 64)
rmsnormTest(3, 260)
rmsnormTest(2, 576, 'bf16')
rmsnormTest(2, 576, 'f16')
rmsnormTest(3, 7, 'bf16')
rmsnormTest(4, 64, 'f32', 1e-3)
rmsnormTest(4, 64, 'f32', 1e3)
