import { expect, it } from 'vitest'
import { embeddingBackward, embeddingForward } from './embedding.ts'
import { gradientError, weightedSum } from './finite-difference.ts'
import { uniformValues } from './uniform-values.ts'

it('reads rows', () => {
  expect([...embeddingForward([2, 0], [1, 2, 3, 4, 5, 6], 2)]).toEqual([5, 6, 1, 2])
})

it.each([
  [[0], 1, 1],
  [[3, 1, 3, 3, 0], 5, 3],
])('has its gradient for ids %j, V %i, C %i', (ids, vocabSize, hiddenSize) => {
  const table = uniformValues(vocabSize * hiddenSize, 1)
  const dx = uniformValues(ids.length * hiddenSize, 2)
  const dtable = embeddingBackward(dx, ids, vocabSize, hiddenSize)
  const f = (values: Float64Array) => weightedSum(embeddingForward(ids, values, hiddenSize), dx)
  expect(gradientError(f, table, dtable)).toBeLessThan(1e-9)
})

it.each([-1, 3, 0.5, Number.NaN])('refuses id %d', (id) => {
  expect(() => embeddingForward([id], [1, 2, 3], 1)).toThrow(`token id ${id} is outside the vocabulary of 3`)
  expect(() => embeddingBackward([1], [id], 3, 1)).toThrow(`token id ${id} is outside the vocabulary of 3`)
})
