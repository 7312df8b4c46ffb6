import { expect, test } from 'vitest'
import { errorToData, reasonOf } from './errors.ts'
import { storageError } from './storage-full.ts'

test('a browser that has no more room says so in words, whatever it throws', () => {
  const quota = new DOMException('', 'QuotaExceededError')
  expect(reasonOf(quota)).toBe('QuotaExceededError')
  expect(errorToData(storageError(quota))).toMatchObject({
    code: 'storage/full',
    message: expect.stringContaining('no more room'),
    hint: expect.stringContaining('Free space'),
  })
  const other = new Error('the connection is closed')
  expect(storageError(other)).toBe(other)
  expect(reasonOf(null)).not.toBe('')
})
