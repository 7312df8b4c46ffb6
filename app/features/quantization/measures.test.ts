import { describe, expect, test } from 'vitest'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { firstDirection, sortedTensors, worstTensor } from './measures.ts'

const tensor = (name: string, values: Partial<TensorQuantization>): TensorQuantization => ({
  name,
  shape: [2, 2],
  block: 0,
  mse: 0,
  rmse: 0,
  mae: 0,
  maxError: 0,
  snrDb: 0,
  bitsPerParam: 4,
  histogram: [],
  codePoints: [],
  ...values,
})
const tensors = [
  tensor('q', { rmse: 2, snrDb: 20 }),
  tensor('k', { rmse: 3, snrDb: 18, shape: [2, 9] }),
  tensor('v', { rmse: Number.NaN, snrDb: 21 }),
  tensor('o', { rmse: 2, snrDb: Number.POSITIVE_INFINITY }),
]
const names = (key: Parameters<typeof firstDirection>[0], descending: boolean) =>
  sortedTensors(tensors, { key, descending }).map(({ name }) => name)

describe('sortedTensors', () => {
  test('keeps equal ones in the order of the model, and NaN last either way', () => {
    expect(names('rmse', false)).toEqual(['q', 'o', 'k', 'v'])
    expect(names('rmse', true)).toEqual(['k', 'q', 'o', 'v'])
  })

  test('takes shapes by their number of weights, and names in the order of the model', () => {
    expect(names('shape', true)).toEqual(['k', 'q', 'v', 'o'])
    expect(names('name', false)).toEqual(['q', 'k', 'v', 'o'])
    expect(names('name', true)).toEqual(['o', 'v', 'k', 'q'])
  })

  test('a first press brings the worst to the top', () => {
    expect(sortedTensors(tensors, firstDirection('snrDb'))[0].name).toBe('k')
    expect(sortedTensors(tensors, firstDirection('rmse'))[0].name).toBe('k')
    expect(worstTensor(tensors, 'snrDb')?.name).toBe('k')
    expect(worstTensor([], 'rmse')).toBeNull()
  })
})
