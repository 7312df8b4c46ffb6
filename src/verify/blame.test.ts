import { expect, test } from 'vitest'
import { blameKernels } from './blame.ts'
import type { Finding } from './check-op.ts'

const finding = (right: boolean, writers: string[], upstream: string[] = writers): Finding => ({
  subject: 'y',
  figure: right ? 0 : 1,
  tolerance: 0.5,
  problem: right ? null : 'y is wrong',
  writers,
  upstream,
})

test('nothing wrong, nobody blamed', () => {
  expect(blameKernels([finding(true, ['a']), finding(true, ['b'], ['a', 'b'])])).toEqual([])
})

test('what other results used and were right with is believed', () => {
  expect(blameKernels([finding(true, ['matmul']), finding(false, ['loss'], ['matmul', 'loss'])])).toEqual([
    'loss',
  ])
})

test('one kernel under many wrong results is the one', () => {
  const wrong = [
    finding(false, ['matmul']),
    finding(false, ['loss'], ['matmul', 'loss']),
    finding(false, ['curve'], ['norm', 'matmul', 'loss', 'curve']),
  ]
  expect(blameKernels([finding(true, ['norm']), ...wrong])).toEqual(['matmul'])
})

test('two broken kernels are both named', () => {
  expect(blameKernels([finding(false, ['a']), finding(false, ['b']), finding(true, ['c'])])).toEqual([
    'a',
    'b',
  ])
})

test('a kernel that is wrong for one shape only is named although it was right for another', () => {
  expect(blameKernels([finding(true, ['a']), finding(false, ['a'])])).toEqual(['a'])
})
