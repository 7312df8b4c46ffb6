import { expect, test } from 'vitest'
import { usefulLength } from './quick-try.ts'

test('a quick try cuts no row, unless a few are far longer than the others', () => {
  expect(usefulLength([7])).toBe(7)
  expect(usefulLength([...Array(46).fill(31), 33, 34, 36, 38])).toBe(38)
  expect(usefulLength([...Array(19).fill(20), 250])).toBe(20)
})
