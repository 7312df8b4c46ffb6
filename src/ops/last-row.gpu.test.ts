import { uniformValues } from '../reference/uniform-values.ts'
import { lastRow } from './last-row.ts'
import { testOp } from './testing/test-op.ts'

for (const { rows, columns, count } of [
  { rows: 1, columns: 7, count: 1 },
  { rows: 5, columns: 65, count: 3 },
  { rows: 8, columns: 192, count: 8 },
]) {
  testOp({
    name: `last row ${count} of ${rows} × ${columns}`,
    inputs: { x: { shape: [rows, columns], data: uniformValues(rows * columns, 1) } },
    step: { tokenCount: count },
    build: (graph, { x }) => ({ y: lastRow(graph, x) }),
    reference: ({ x }) => ({ outputs: { y: x.subarray((count - 1) * columns, count * columns) } }),
    tolerance: 0,
  })
}
