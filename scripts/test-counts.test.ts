import { expect, test } from 'vitest'
import { countPlaywright, countVitest, judge, sentence, skippedNames, sum } from './test-counts.mjs'

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((status) => ({ status })),
})

test('counts each test of a Vitest report', () => {
  const report = {
    testResults: [file('passed', 'passed', 'skipped'), file('failed', 'passed', 'failed', 'todo')],
  }
  expect(countVitest(report)).toEqual({ passed: 2, failed: 1, skipped: 2 })
})

test('a file that could not be loaded is a failure', () => {
  expect(countVitest({ testResults: [file('failed')] })).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('a flaky journey, and one that could not be loaded, is a failure', () => {
  const stats = { expected: 3, unexpected: 0, flaky: 1, skipped: 2 }
  expect(countPlaywright({ stats, errors: [] })).toEqual({ passed: 3, failed: 1, skipped: 2 })
  expect(countPlaywright({ stats: { ...stats, flaky: 0 }, errors: [{}] }).failed).toBe(1)
})

test('skipped tests have names', () => {
  const assertionResults = [
    { status: 'passed', fullName: 'rope' },
    { status: 'skipped', fullName: 'subgroups' },
  ]
  expect(skippedNames({ testResults: [{ assertionResults }] })).toEqual(['subgroups'])
  const spec = (title: string, status: string) => ({ title, tests: [{ status }] })
  const nested = [{ specs: [spec('drops a file', 'skipped')] }]
  expect(skippedNames({ suites: [{ specs: [spec('trains', 'expected')], suites: nested }] })).toEqual([
    'drops a file',
  ])
})

test('a program that failed without a failed test is a failure', () => {
  const good = { passed: 5, failed: 0, skipped: 0 }
  expect(judge(good, { exitCode: 0 }).failed).toBe(0)
  expect(judge(good, { exitCode: 1 }).failed).toBe(1)
  expect(judge({ ...good, failed: 2 }, { exitCode: 1 }).failed).toBe(2)
  expect(judge(undefined, { exitCode: 137 }).failed).toBe(1)
})

test('a lane that must run fails without a test', () => {
  expect(judge({ passed: 0, failed: 0, skipped: 4 }, { exitCode: 0, mustRun: true }).failed).toBe(1)
  expect(judge({ passed: 0, failed: 0, skipped: 0 }, { exitCode: 0 }).failed).toBe(0)
})

test('the last line', () => {
  const total = sum([
    { passed: 2, failed: 1, skipped: 0 },
    { passed: 3, failed: 0, skipped: 0 },
  ])
  expect(sentence(total)).toBe('5 passed, 1 failed')
  expect(sentence({ ...total, skipped: 4 })).toBe('5 passed, 1 failed, 4 skipped')
})
