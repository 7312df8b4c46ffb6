import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { DeviceReport, VerificationCheck, VerificationReport } from '../../src/session/reports.ts'
import { GOLDEN_FILES } from '../../src/verify/verify-device.ts'
import { goldenFiles } from './golden-files.ts'
import { memoryEntries } from './history-entries.ts'
import { type Answers, scriptedEngine } from './testing/scripted-engine.ts'
import { createVerification } from './verification.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

const report = {
  device: { vendor: 'v', architecture: 'a', device: '', description: 'GPU one' },
} as DeviceReport

const check = (name: string, passed = true): VerificationCheck => ({
  name,
  kind: 'op',
  kernels: [`${name}_kernel`],
  figure: passed ? 0 : 1,
  tolerance: 1e-11,
  passed,
  problem: passed ? null : `${name} is wrong`,
  durationMs: 1,
})

const verdict = (passed: boolean): VerificationReport => ({
  passed,
  wrongKernels: passed ? [] : ['swiglu_backward.vec4'],
  checks: [check('clear'), check('swiglu', passed)],
  durationMs: 2,
})

function verification(
  answer: Answers['device/verify'],
  entries = memoryEntries(),
  changes: { build?: string } = {},
) {
  const scripted = scriptedEngine({ 'device/verify': answer, 'run/plan': () => ({}) as never })
  const options = {
    entries,
    browser: 'Chrome/140',
    build: 'one',
    golden: goldenFiles,
    idleMs: 100,
    ...changes,
  }
  const made = createVerification(scripted.engine, options)
  return { ...scripted, ...made, entries, status: () => made.store.getState().status }
}

/** An answer that waits until the test lets it go on, or until it is aborted. */
function slowAnswer(passed = true) {
  let release = () => {}
  const answer: Answers['device/verify'] = (_, { signal, onEvent }) =>
    new Promise((resolve, reject) => {
      onEvent?.({ type: 'verify/check', check: check('clear'), done: 1, total: 2 })
      signal?.addEventListener('abort', () => reject(signal.reason))
      release = () => resolve(verdict(passed))
    })
  return { answer, release: () => release() }
}

test('the page serves the files that the engine asks for', () => {
  expect(
    goldenFiles()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...GOLDEN_FILES].sort())
})

describe('a new device', () => {
  test('is verified by itself, but only once the engine has been idle', async () => {
    const { begin, engine, asked, status } = verification(() => verdict(true))
    await begin(report)
    await vi.advanceTimersByTimeAsync(60)
    await engine.execute('run/plan', {} as never)
    await vi.advanceTimersByTimeAsync(60)
    expect(asked).toEqual(['run/plan'])
    await vi.advanceTimersByTimeAsync(60)
    expect(asked).toEqual(['run/plan', 'device/verify'])
    expect(status()).toBe('passed')
  })

  test('is remembered, with every check: it is not verified again', async () => {
    const first = verification(() => verdict(true))
    await first.begin(report)
    await vi.advanceTimersByTimeAsync(200)
    const second = verification(() => verdict(true), first.entries)
    await second.begin(report)
    await vi.advanceTimersByTimeAsync(200)
    expect(second.asked).toEqual([])
    expect(second.store.getState()).toEqual(first.store.getState())
  })

  test.each([
    ['another GPU', { ...report.device, description: 'GPU two' }, 'one'],
    ['another build of the engine', report.device, 'two'],
  ])('%s is verified anew', async (_, device, build) => {
    const first = verification(() => verdict(true))
    await first.begin(report)
    await vi.advanceTimersByTimeAsync(200)
    const second = verification(() => verdict(false), first.entries, { build })
    await second.begin({ device } as DeviceReport)
    await vi.advanceTimersByTimeAsync(200)
    expect(second.status()).toBe('failed')
    // Verdicts of other builds are of no more use.
    expect(await first.entries.keys()).toHaveLength(build === 'one' ? 2 : 1)
  })

  test('is not verified unasked any more once a person has stopped it', async () => {
    const { answer } = slowAnswer()
    const { begin, cancel, asked, status } = verification(answer)
    await begin(report)
    await vi.advanceTimersByTimeAsync(100)
    cancel()
    await vi.advanceTimersByTimeAsync(1000)
    expect([asked, status()]).toEqual([['device/verify'], 'unknown'])
  })

  test('shows its progress, and gives way to what a person asks for; then it begins again', async () => {
    const { answer, release } = slowAnswer()
    const { begin, engine, asked, store, status } = verification(answer)
    await begin(report)
    await vi.advanceTimersByTimeAsync(100)
    expect(store.getState()).toMatchObject({ status: 'running', total: 2, checks: [{ name: 'clear' }] })
    await engine.execute('run/plan', {} as never)
    expect(status()).toBe('unknown')
    await vi.advanceTimersByTimeAsync(100)
    release()
    await vi.advanceTimersByTimeAsync(0)
    expect(asked).toEqual(['device/verify', 'run/plan', 'device/verify'])
    expect(status()).toBe('passed')
  })
})

test('asked for while the engine is at work, it waits for its turn', async () => {
  const { begin, engine, verify, asked, answers, status } = verification(() => verdict(true))
  await begin(report)
  let finish = () => {}
  answers['run/plan'] = () =>
    new Promise((resolve) => {
      finish = () => resolve({} as never)
    })
  const planned = engine.execute('run/plan', {} as never)
  const verified = verify()
  await vi.advanceTimersByTimeAsync(500)
  expect([asked, status()]).toEqual([['run/plan'], 'running'])
  finish()
  await planned
  await vi.advanceTimersByTimeAsync(0)
  await verified
  expect([asked, status()]).toEqual([['run/plan', 'device/verify'], 'passed'])
})

test('asked for and pushed aside, it is begun again at once', async () => {
  const { answer, release } = slowAnswer()
  const { begin, engine, verify, asked, status } = verification(answer)
  await begin(report)
  const verified = verify()
  await vi.advanceTimersByTimeAsync(0)
  await engine.execute('run/plan', {} as never)
  await vi.advanceTimersByTimeAsync(0)
  expect([asked, status()]).toEqual([['device/verify', 'run/plan', 'device/verify'], 'running'])
  release()
  await verified
  expect(status()).toBe('passed')
})

describe('training', () => {
  test('waits for the verdict on an unverified device', async () => {
    const { answer, release } = slowAnswer()
    const { begin, ensure } = verification(answer)
    await begin(report)
    let allowed = false
    const ensured = ensure().then(() => {
      allowed = true
    })
    await vi.advanceTimersByTimeAsync(50)
    expect(allowed).toBe(false)
    release()
    await ensured
    expect(allowed).toBe(true)
  })

  test('is refused on a GPU that computes wrongly, naming the kernel, until it is found right', async () => {
    const { begin, ensure, verify, answers } = verification(() => verdict(false))
    await begin(report)
    const refusal = expect(ensure()).rejects.toThrow(/computes wrongly: swiglu_backward\.vec4/)
    await vi.advanceTimersByTimeAsync(0)
    await refusal
    answers['device/verify'] = () => verdict(true)
    const again = verify()
    await vi.advanceTimersByTimeAsync(0)
    await again
    await expect(ensure()).resolves.toBe(true)
  })

  const broken = () => {
    throw new Error('the files cannot be fetched')
  }
  /** What comes of an attempt to train: whether it may, or the code with which it may not. */
  async function attempt(ensure: () => Promise<boolean>) {
    const outcome = ensure().catch(({ code }) => code)
    await vi.advanceTimersByTimeAsync(0)
    return outcome
  }

  test('is held back where the check could not be done, in words, until one comes to its end', async () => {
    const { begin, ensure, store, asked, answers } = verification(broken)
    await begin(report)
    for (const times of [1, 2]) {
      expect(await attempt(ensure)).toBe('device/unverified')
      expect(asked).toHaveLength(times)
      expect(store.getState()).toMatchObject({
        status: 'unfinished',
        heldBack: true,
        error: { message: 'the files cannot be fetched' },
      })
    }
    answers['device/verify'] = () => verdict(true)
    expect(await attempt(ensure)).toBe(true)
    expect(store.getState()).toMatchObject({ status: 'passed', heldBack: false })
  })

  test('is held back where a person has stopped the check that it waits for', async () => {
    const { begin, ensure, cancel, store } = verification(slowAnswer().answer)
    await begin(report)
    const outcome = ensure().catch(({ code }) => code)
    await vi.advanceTimersByTimeAsync(0)
    cancel()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await outcome).toBe('device/unverified')
    expect(store.getState()).toMatchObject({ status: 'unfinished', heldBack: true })
    expect(store.getState().error?.message).toMatch(/was stopped/)
  })

  test('goes without a verdict once a person has said so, but never against one', async () => {
    const { begin, ensure, verify, waive, store, asked, answers } = verification(broken)
    await begin(report)
    expect(await attempt(ensure)).toBe('device/unverified')
    waive()
    expect(await attempt(ensure)).toBe(false)
    expect(store.getState().heldBack).toBe(false)
    expect(asked).toHaveLength(1)
    answers['device/verify'] = () => verdict(false)
    const checked = verify()
    await vi.advanceTimersByTimeAsync(0)
    await checked
    expect(await attempt(ensure)).toBe('device/wrong')
  })
})
