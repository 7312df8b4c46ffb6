import { lastRow } from '../../ops/last-row.ts'
import { uniformValues } from '../../reference/uniform-values.ts'
import type { OpCase } from '../op-case.ts'

/** The last of the `count` rows that are not padding. */
export const lastRowCase = (rows: number, columns: number, count: number): OpCase => ({
  name: `last row ${count} of ${rows} × ${columns}`,
  inputs: {
    x: { shape: [rows, columns], data: uniformValues(rows * columns, 1), activation: true },
  },
  step: { tokenCount: count },
  build: (graph, { x }) => ({ y: lastRow(graph, x) }),
  reference: ({ x }) => ({ outputs: { y: x.subarray((count - 1) * columns, count * columns) } }),
  tolerance: 0,
})
