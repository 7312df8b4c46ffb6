import { rmsnorm } from '../../ops/rmsnorm.ts'
import { rmsnormBackward, rmsnormForward } from '../../reference/rmsnorm.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { DenseInput, OpCase } from '../op-case.ts'

const EPS = 1e-5

/** y = x / rms(x) · weight, dx, and the gradient of a weight in f32. */
export function rmsnormCase(
  rows: number,
  columns: number,
  format: DenseInput['format'] = 'f32',
  range = 1,
): OpCase {
  return {
    name: `rmsnorm ${rows}×${columns}, ${format} weight, values up to ${range}`,
    inputs: {
      x: {
        shape: [rows, columns],
        data: uniformValues(rows * columns, 1, -range, range),
        gradient: 'activation',
      },
      weight: {
        shape: [columns],
        data: uniformValues(columns, 2, 0.1, 2),
        format,
        ...(format === 'f32' && { gradient: 'parameter' }),
      },
    },
    build: (graph, { x, weight }) => ({ y: rmsnorm(graph, x, weight, EPS) }),
    reference({ x, weight }, gradients) {
      const { y, rstd } = rmsnormForward(x, weight, Math.fround(EPS))
      const { dx, dweight } = rmsnormBackward(gradients.y, x, weight, rstd)
      return { outputs: { y }, gradients: { x: dx, weight: dweight } }
    },
    // The gradient of a single column is what cancellation leaves of it.
    tolerance: columns === 1 ? { 'd(x)': 1e-4 } : undefined,
  }
}
