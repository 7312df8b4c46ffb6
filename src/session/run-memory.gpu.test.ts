import { afterAll, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import { runTemplate } from '../data/testing/run-template.ts'
import { createRuntime } from '../gpu/runtime.ts'
import { countBuffers } from '../gpu/testing/count-buffers.ts'
import { findGpu } from '../ops/testing/lane-runtime.ts'
import { MemoryPageStore } from '../optim/page-store.ts'
import type { RunEvent } from './events.ts'
import { createLocalEngine } from './local-engine.ts'
import { fetchSource } from './testing/golden-case.ts'

const config = parseRunConfig({
  lora: { rank: 2, alpha: 4 },
  data: { maxSeqLength: 32, packing: false, evalFraction: 0.05 },
  train: { maxSteps: 3, batchSize: 2, gradAccumSteps: 1 },
})
const FILES = [
  'models/studio-tiny-3m/config.json',
  'models/studio-tiny-3m/generation_config.json',
  'models/studio-tiny-3m/model.safetensors',
  'models/studio-tiny-3m/tokenizer.json',
  'models/studio-tiny-3m/tokenizer_config.json',
  'datasets/us-state-capitals.jsonl',
].map((path) => ({ kind: 'url' as const, name: path.split('/').at(-1) ?? path, url: `/${path}` }))

const counter = countBuffers()
afterAll(() => counter.restore())

it('what a run tells of its memory is what there is, at every moment of its life, and nothing of it is left', async () => {
  const runtime = await createRuntime(await findGpu())
  const store = new MemoryPageStore()
  const engine = createLocalEngine({
    runtime: async () => runtime,
    resolveFile: async (file) => (file.kind === 'url' ? fetchSource(file.url) : expect.fail()),
    openStore: async () => store,
    runTemplate,
  })
  await engine.execute('model/open', { name: 'studio-tiny-3m', files: FILES.slice(0, -1) })
  await engine.execute('dataset/open', { file: FILES[FILES.length - 1], config })

  type Reading = Extract<RunEvent, { type: 'memory/gpu_bytes' }>
  const run = async (samples: { prompts: string[] } | undefined, onPause: () => Promise<unknown>) => {
    const readings: Reading[] = []
    let planned = 0
    const onEvent = (event: RunEvent) => {
      if (event.type === 'run/started') planned = event.totalBytes
      if (event.type === 'run/step' && event.step.step === 1) engine.execute('run/pause', {})
      if (event.type === 'run/paused') onPause().then(() => engine.execute('run/resume', {}))
      if (event.type !== 'memory/gpu_bytes') return
      const sum = Object.values(event.bytes).reduce((total, bytes) => total + bytes, 0)
      expect([sum, event.totalBytes, runtime.memory.totalBytes]).toEqual(Array(3).fill(counter.bytes()))
      readings.push(event)
    }
    await engine.execute('run/start', { config, storage: { kind: 'browser' }, samples }, { onEvent })
    return { readings, planned }
  }

  const before = counter.bytes()
  expect(before).toBe(runtime.memory.totalBytes)
  const speak = () =>
    engine.execute('model/generate', { prompt: 'Hello', maxNewTokens: 2, adapter: 'run', config })
  const { readings, planned } = await run({ prompts: ['Hello!'] }, speak)
  const during = [...new Set(readings.map((reading) => reading.during))]
  expect(during).toEqual(
    expect.arrayContaining(['compiling', 'quantizing', 'training', 'paused', 'evaluating', 'finished']),
  )
  expect(readings[0].totalBytes).toBe(before)
  expect(readings.find((reading) => reading.during === 'training')?.totalBytes).toBe(planned)
  const of = (moment: string) => readings.filter((reading) => reading.during === moment)
  expect(of('training')[0].bytes).toMatchObject({ playground: 0 })
  expect(of('training')[0].bytes.samples).toBeGreaterThan(0)
  expect(of('paused').at(-1)?.bytes.playground).toBeGreaterThan(0)
  expect(of('paused').at(-1)?.totalBytes).toBeGreaterThan(planned)

  // The next run begins where the first did.
  const next = await run(undefined, async () => {})
  expect(next.readings[0].totalBytes).toBe(before)
  expect(next.readings.at(-1)?.totalBytes).toBe(next.planned)
})
