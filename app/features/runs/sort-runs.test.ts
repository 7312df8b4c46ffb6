import { expect, it } from 'vitest'
import { newRecord, type RunRecord } from '../../stores/history-record.ts'
import { sortedRuns } from './sort-runs.ts'

const run = (name: string, lastLoss: number | null): RunRecord => ({
  ...newRecord({ id: name, model: 'm', dataset: 'd', device: '', config: {} }, name, 0),
  lastLoss,
})

it('orders numbers by value and names as people count, what is missing last', () => {
  const runs = [run('a 10', 2), run('a 9', null), run('b', 0.5), run('c', Number.NaN)]
  const names = (...args: Parameters<typeof sortedRuns>) => sortedRuns(...args).map(({ name }) => name)
  expect(names(runs, 'lastLoss', false).slice(0, 2)).toEqual(['b', 'a 10'])
  expect(names(runs, 'lastLoss', true).slice(0, 2)).toEqual(['a 10', 'b'])
  expect(names(runs, 'name', false)).toEqual(['a 9', 'a 10', 'b', 'c'])
  const mixed = runs.map((record, index) => ({ ...record, model: ['m 2', 'm 10', 'm 2', 'm 1'][index] }))
  expect(names(mixed, 'model', false)).toEqual(['c', 'a 10', 'b', 'a 9'])
  expect(names(mixed, 'dataset', true)).toEqual(['a 10', 'a 9', 'b', 'c'])
})
