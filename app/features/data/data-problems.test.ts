import { expect, it } from 'vitest'
import type { DatasetSummary } from '../../../src/session/reports.ts'
import { cutProblem, rowsCut } from './data-problems.ts'

const summary = {
  fileFormat: 'jsonl',
  columnMapping: { shape: 'text', text: 'text' },
  lengthCounts: [
    [10, 4],
    [20, 2],
    [90, 1],
  ],
  longestTokens: 90,
} as DatasetSummary

it('counts the rows that a length cuts, the length itself still fits', () => {
  expect([9, 10, 19, 20, 90].map((limit) => rowsCut(summary.lengthCounts, limit))).toEqual([7, 3, 3, 1, 0])
})

it('offers the length of the longest row, or what the model takes, and says what is cut even then', () => {
  expect(cutProblem(summary, 16, 512)).toEqual({ rows: 3, raiseTo: 90, stillCut: 0 })
  expect(cutProblem(summary, 16, 64)).toEqual({ rows: 3, raiseTo: 64, stillCut: 1 })
  expect(cutProblem(summary, 64, 64)).toEqual({ rows: 1, raiseTo: null, stillCut: 1 })
  expect(cutProblem(summary, 90, 512)).toBeNull()
  expect(cutProblem({ ...summary, fileFormat: 'document' }, 16, 512)).toBeNull()
})
