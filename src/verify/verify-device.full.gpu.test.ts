import { expect, test } from 'vitest'
import { laneRuntime } from '../ops/testing/lane-runtime.ts'
import { goldenFiles } from './testing/golden-files.ts'
import { verifyDevice } from './verify-device.ts'

// A software adapter takes minutes to compile them.
test('with the kernels that a GPU is given, every check passes too', async () => {
  const runtime = await laneRuntime()
  const asGpu = { ...runtime, traits: { ...runtime.traits, software: false } }
  const report = await verifyDevice(asGpu, { golden: await goldenFiles() })
  expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
  expect(
    report.checks.flatMap(({ kernels }) => kernels).filter((name) => name.includes('tiled')),
  ).not.toEqual([])
})
