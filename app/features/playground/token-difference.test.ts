import { expect, test } from 'vitest'
import { differing } from './token-difference.ts'

test.each([
  ['the same', [1, 2, 3], [1, 2, 3], [false, false, false]],
  ['a word put in leaves the others the same', [1, 2, 3], [1, 9, 2, 3], [false, true, false, false]],
  ['a word left out', [1, 2, 3], [1, 3], [false, false]],
  ['a word exchanged', [1, 2, 3], [1, 7, 3], [false, true, false]],
  ['nothing in common', [1, 2], [3, 4, 5], [true, true, true]],
  ['nothing said before', [], [1], [true]],
  ['nothing said', [1], [], []],
  ['repeated words', [5, 5, 6], [5, 6, 5], [false, false, true]],
])('%s', (_, base, said, expected) => {
  expect(differing(base, said)).toEqual(expected)
})
