import { expect, test } from 'vitest'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { errorGrid } from './error-grid.ts'

const tensor = (block: number | null, kind: string, rmse: number, snrDb: number) =>
  ({ name: `model.layers.${block}.mlp.${kind}.weight`, block, rmse, snrDb }) as TensorQuantization

const tensors = [
  tensor(0, 'q_proj', 0.1, 20),
  tensor(0, 'up_proj', 0.3, 16),
  tensor(1, 'q_proj', 0.2, Number.POSITIVE_INFINITY),
]

test('kinds stand down, blocks across, and what is missing stays empty', () => {
  const { kinds, blocks, cells } = errorGrid(tensors, 'rmse')
  expect([kinds, blocks]).toEqual([
    ['q_proj', 'up_proj'],
    [0, 1],
  ])
  expect(cells).toEqual([
    [tensors[0], tensors[2]],
    [tensors[1], undefined],
  ])
})

test('the worst is 1, whichever end that is; a matrix without noise is the best', () => {
  const byError = errorGrid(tensors, 'rmse')
  expect(tensors.map(byError.badness)).toEqual([0, 1, expect.closeTo(0.5)])
  const byNoise = errorGrid(tensors, 'snrDb')
  expect(tensors.map(byNoise.badness)).toEqual([0, 1, 0])
  expect(errorGrid([tensors[0]], 'snrDb').badness(tensors[0])).toBe(0)
})
