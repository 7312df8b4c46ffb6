import { beforeAll, expect, test } from 'vitest'
import type { Runtime } from '../graph/executable.ts'
import { laneRuntime } from '../ops/testing/lane-runtime.ts'
import type { ByteSource } from '../util/byte-source.ts'
import type { VerificationCheck } from './report.ts'
import { goldenFiles } from './testing/golden-files.ts'
import { type Mistake, plantMistake } from './testing/plant.ts'
import { verifyDevice } from './verify-device.ts'

let golden: ByteSource[]
let runtime: Runtime
beforeAll(async () => {
  runtime = await laneRuntime()
  golden = await goldenFiles()
})

test('a device that computes rightly passes every check, each told once with its figures', async () => {
  const told: VerificationCheck[] = []
  const report = await verifyDevice(runtime, {
    golden,
    onCheck: (check, done, total) => {
      told.push(check)
      expect(done).toBe(told.length)
      expect(total).toBeGreaterThanOrEqual(done)
    },
  })
  expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
  expect(report).toMatchObject({ passed: true, wrongKernels: [] })
  expect(told).toEqual(report.checks)
  for (const check of told) {
    expect(check.figure, check.name).toBeLessThanOrEqual(check.tolerance)
    expect(check.kernels.length, check.name).toBeGreaterThan(check.name.startsWith('clear') ? -1 : 0)
  }
})

const mistakes: Mistake[] = [
  { kernel: 'swiglu_backward', from: 'd * z * s', to: 'd * z * s * 1.00002' },
  { kernel: 'attention_backward_key', from: 'key_sum[d] * params.scale', to: 'key_sum[d]' },
  { kernel: 'linear_input_gradient', from: 'params.endOut', to: '(params.endOut - 1u)' },
  { kernel: 'adamw_update', from: 'step.beta2 * v[index]', to: 'v[index]' },
  { kernel: 'quantize_codes', from: 'clamp(scaled,', to: 'clamp(scaled * 1.01,' },
  { kernel: 'rope_rotate', from: 'fn main(', to: 'fn main(undeclared' },
]

test.each(mistakes)('a mistake in $kernel fails and is put down to it', async (mistake) => {
  const { runtime: mistaken, planted } = plantMistake(runtime, mistake)
  const report = await verifyDevice(mistaken, { golden })
  expect(report.passed).toBe(false)
  expect([...planted]).toEqual(expect.arrayContaining(report.wrongKernels))
  expect(report.wrongKernels.length).toBeGreaterThan(0)
  expect(report.checks.find(({ passed }) => !passed)?.problem).toMatch(/ is | are |compile/)
})

test('a cancelled verification ends with the checks under way', async () => {
  const abort = new AbortController()
  let told = 0
  const verification = verifyDevice(runtime, {
    golden,
    signal: abort.signal,
    onCheck: () => {
      told++
      abort.abort()
    },
  })
  await expect(verification).rejects.toThrow(/cancelled/)
  expect(told).toBeLessThanOrEqual(4)
})
