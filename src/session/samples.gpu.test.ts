import { beforeAll, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import { runTemplate } from '../data/testing/run-template.ts'
import { laneRuntime } from '../ops/testing/lane-runtime.ts'
import { MemoryPageStore } from '../optim/page-store.ts'
import { memorySource } from '../util/byte-source.ts'
import type { Engine } from './engine.ts'
import type { RunEvent } from './events.ts'
import type { FileReference } from './files.ts'
import { createLocalEngine } from './local-engine.ts'
import { SAMPLE_TOKENS, type SamplesArgs } from './samples.ts'
import { fetchSource } from './testing/golden-case.ts'

const MODEL = '/models/studio-tiny-3m'
const MODEL_FILES = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
]
const STORAGE = { kind: 'browser' } as const
const STEPS = 4
const config = parseRunConfig({
  lora: { rank: 2, alpha: 4, dropout: 0.1 },
  data: { maxSeqLength: 32, packing: false, evalFraction: 0.05 },
  train: { maxSteps: STEPS, batchSize: 4, gradAccumSteps: 1, gradientCheckpointing: false },
  optimizer: { lr: 1e-2 },
})

const url = (path: string): FileReference => ({
  kind: 'url',
  name: path.split('/').at(-1) ?? path,
  url: path,
})

let engine: Engine
beforeAll(async () => {
  const store = new MemoryPageStore()
  engine = createLocalEngine({
    runtime: laneRuntime,
    resolveFile: async (reference) => {
      if (reference.kind === 'url') return fetchSource(reference.url)
      if (reference.kind !== 'blob') throw new Error('no paths in a page')
      return memorySource(reference.name, new Uint8Array(await reference.blob.arrayBuffer()))
    },
    openStore: async () => store,
    runTemplate,
  })
  const files = MODEL_FILES.map((name) => url(`${MODEL}/${name}`))
  await engine.execute('model/open', { name: 'studio-tiny-3m', files })
  await engine.execute('dataset/open', { file: url('/datasets/us-state-capitals.jsonl'), config })
})

async function run(samples?: SamplesArgs) {
  const events: RunEvent[] = []
  await engine.execute(
    'run/start',
    { config, storage: STORAGE, ...(samples && { samples }) },
    { onEvent: (event) => events.push(event) },
  )
  const files = await engine.execute('run/export', {})
  const of = <T extends RunEvent['type']>(type: T) =>
    events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type)
  return { files, of }
}

const SAMPLES = { every: 2, prompts: ['What is the capital of Texas?', 'Hello!'] }

let plain: Awaited<ReturnType<typeof run>>
let sampled: Awaited<ReturnType<typeof run>>
beforeAll(async () => {
  plain = await run()
  sampled = await run(SAMPLES)
}, 120_000)

it('samples leave the bytes of a run alone, and keep no checkpoints of their own', () => {
  expect(sampled.files).toEqual(plain.files)
  expect(sampled.of('run/step').map(({ step }) => step.metrics['train/loss'])).toEqual(
    plain.of('run/step').map(({ step }) => step.metrics['train/loss']),
  )
  expect(plain.of('run/samples')).toEqual([])
  expect(sampled.of('run/samples').map(({ step }) => step)).toEqual([0, 2, 4])
  expect(sampled.of('run/checkpoint').map(({ step }) => step)).toEqual([STEPS])
})

it('take what was planned, to the byte', async () => {
  const plan = await engine.execute('run/plan', { config, samples: SAMPLES })
  const without = await engine.execute('run/plan', { config })
  expect(plan.totalBytes - without.totalBytes).toBe(plan.samples?.totalBytes)
  expect(plan.bytes.kvCache).toBeGreaterThan(0)
  expect(plan.bytes.weights).toBe(without.bytes.weights)
  expect(sampled.of('run/started')[0]).toMatchObject({
    totalBytes: plan.totalBytes,
    plannedBytes: plan.bytes,
  })
  expect(sampled.of('memory/allocated').at(-1)?.bytes).toBe(plan.totalBytes)
  expect(plain.of('memory/allocated').at(-1)?.bytes).toBe(without.totalBytes)
})

it('say what the playground says with the same weights', async () => {
  const [before, , after] = sampled.of('run/samples')
  for (const [{ answers }, adapter] of [
    [before, undefined],
    [after, 'run'],
  ] as const) {
    for (const { prompt, text } of answers) {
      const asked = { prompt, chat: true, maxNewTokens: SAMPLE_TOKENS, config }
      const said = await engine.execute('model/generate', { ...asked, ...(adapter && { adapter }) })
      expect(text).toBe(said.text)
    }
  }
})

it('leave a run that tells which rows a step was trained on, by number and text', async () => {
  const asked = await engine.execute('data/rows-of-step', { step: 2 })
  expect(asked).toMatchObject({ step: 2, epoch: 0, microBatches: 1, sequences: 4, rowCount: 4 })
  const text = (row: (typeof asked.rows)[number]) => row.tokens.map((token) => token.text).join('')
  for (const row of asked.rows) expect(text(row)).toMatch(/^<\|endoftext\|><\|user\|>What is the capital of/)
  expect(new Set(asked.rows.map(({ row }) => row)).size).toBe(4)
  await expect(engine.execute('data/rows-of-step', { step: STEPS + 1 })).rejects.toMatchObject({
    code: 'input/no-step',
  })
})

it('are of three different held-out rows where nobody has written prompts, and of none where they are off', async () => {
  const { samples } = await engine.execute('run/plan', { config, samples: {} })
  expect(samples?.prompts.map(({ heldOut }) => heldOut)).toEqual([true, true, true])
  expect(new Set(samples?.prompts.map(({ text }) => text)).size).toBe(3)
  expect((await engine.execute('run/plan', { config, samples: { every: 0 } })).samples).toBeNull()
})

it('prompts that cannot be asked are refused by number before anything is trained', async () => {
  const samples = { prompts: ['Hello!', 'word '.repeat(2000)] }
  await expect(engine.execute('run/plan', { config, samples })).rejects.toMatchObject({
    code: 'input/samples',
    problems: [{ path: 'samples.prompts.1' }],
  })
})
