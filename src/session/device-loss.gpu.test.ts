import { beforeAll, describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/parse.ts'
import type { RunConfig } from '../config/schema.ts'
import { runTemplate } from '../data/testing/run-template.ts'
import { generationStage } from '../generate/program.ts'
import { MemoryPageStore } from '../optim/page-store.ts'
import { type ByteSource, memorySource } from '../util/byte-source.ts'
import type { Engine } from './engine.ts'
import type { RunEvent } from './events.ts'
import { createLocalEngine } from './local-engine.ts'
import { fetchSource, type GoldenCase, goldenCase } from './testing/golden-case.ts'
import { losingDevice } from './testing/losing-device.ts'

const STEPS = 5
const storage = { kind: 'browser' } as const

let golden: GoldenCase
let config: RunConfig
beforeAll(async () => {
  golden = await goldenCase('tiny-llama', 'qlora')
  config = structuredClone(golden.config)
  Object.assign(config.train, { maxSteps: STEPS, saveEvery: 2, evalEvery: 3 })
  config.data.evalFraction = 0.2
  config.lora.dropout = 0.1
  // Every page goes through the store, so that most losses find one on its way.
  Object.assign(config.optimizer.paging, { gpuBudgetBytes: 0, hostBudgetBytes: 0 })
})

/** An engine whose device can be lost, with a model and rows opened. */
async function openModel(name: string, folder: string, files: string[], rows: ByteSource, config: RunConfig) {
  const device = losingDevice()
  const store = new MemoryPageStore()
  const engine = createLocalEngine({
    runtime: device.runtime,
    resolveFile: async (file) => (file.name === 'rows' ? rows : fetchSource(`${folder}/${file.name}`)),
    openStore: async () => store,
    runTemplate,
  })
  const file = (name: string) => ({ kind: 'url' as const, name, url: name })
  await engine.execute('model/open', { name, files: files.map(file) })
  await engine.execute('dataset/open', { file: file('rows'), config })
  return { engine, device }
}

const openEngine = () =>
  openModel('tiny-llama', '/e2e/golden/tiny-llama', ['config.json', 'model.safetensors'], golden.rows, config)

async function adapterOf(engine: Engine): Promise<Uint8Array> {
  const files = await engine.execute('run/export', {})
  return files.find(({ path }) => path.endsWith('.safetensors'))?.bytes ?? new Uint8Array()
}

/** A run to its end; `watch` is told of every event. */
async function train(engine: Engine, watch: (event: RunEvent) => void = () => {}, kept = true) {
  const events: RunEvent[] = []
  const summary = await engine.execute(
    'run/start',
    { config, ...(kept && { storage }) },
    {
      onEvent(event) {
        events.push(event)
        watch(event)
      },
    },
  )
  const of = <T extends RunEvent['type']>(type: T) =>
    events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type)
  return { summary, of, adapter: await adapterOf(engine) }
}

/** Losses of the steps that count in the end: those of a lost session that its successor repeats are left out. */
function lossesOf(events: Extract<RunEvent, { type: 'run/step' }>[]): unknown[] {
  const losses: unknown[] = []
  for (const { step } of events) losses[step.step] = step.metrics['train/loss']
  return losses.slice(1)
}

describe('a run whose device is lost', () => {
  let whole: Awaited<ReturnType<typeof train>>
  beforeAll(async () => {
    whole = await train((await openEngine()).engine)
  })

  it.each([
    ['while kernels are compiled', 'compile', 'start'],
    ['while weights are quantized', 'load/', 'start'],
    ['in the evaluation before the first step', 'evaluate/', 'start'],
    ['in a forward and backward', 'train/', 'checkpoint'],
    ['in an update', 'update', 'checkpoint'],
    ['in an evaluation between steps', 'evaluate/', 'checkpoint'],
  ])('%s goes on by itself, to the same bytes', async (_, stage, since) => {
    const { engine, device } = await openEngine()
    if (since === 'start') device.loseAfter(stage)
    const { summary, of, adapter } = await train(engine, (event) => {
      if (since === 'checkpoint' && event.type === 'run/checkpoint' && event.step === 2)
        device.loseAfter(stage)
    })
    const [lost] = of('run/device-lost')
    expect(of('run/device-lost')).toHaveLength(1)
    expect(lost.resumesFrom).toBe(since === 'checkpoint' ? 2 : 0)
    expect(device.opened()).toBe(2)
    expect(of('run/started')[1]).toMatchObject({ runId: summary.runId, resumedFrom: lost.resumesFrom })
    expect(of('run/resumed')).toMatchObject([{ step: lost.resumesFrom }])
    expect(adapter).toEqual(whole.adapter)
    expect(lossesOf(of('run/step'))).toEqual(lossesOf(whole.of('run/step')))
    expect(summary).toMatchObject({ steps: STEPS, evalLoss: whole.summary.evalLoss })
  })

  it('while it is paused stays paused, and goes on to the same bytes', async () => {
    const { engine, device } = await openEngine()
    const paused: number[] = []
    const { adapter, of } = await train(engine, (event) => {
      if (event.type === 'run/step' && event.step.step === 3) void engine.execute('run/pause', {})
      if (event.type !== 'run/paused') return
      paused.push(event.step)
      if (paused.length === 1) device.lose()
      else void engine.execute('run/resume', {})
    })
    expect(paused).toHaveLength(2)
    expect(paused[1]).toBe(paused[0])
    expect(of('run/device-lost')).toMatchObject([{ step: paused[0], resumesFrom: paused[0] }])
    expect(adapter).toEqual(whole.adapter)
  })

  it('after its end still gives its adapter, from the checkpoint', async () => {
    const { engine, device } = await openEngine()
    await train(engine)
    device.lose()
    expect(await adapterOf(engine)).toEqual(whole.adapter)
  })

  it('again and again at one place ends, saying what to do', async () => {
    const { engine, device } = await openEngine()
    const ended = train(engine, (event) => {
      if (event.type === 'run/checkpoint' && event.step === 2) device.loseAfter('train/', 1, 9)
    })
    await expect(ended).rejects.toMatchObject({
      code: 'device/lost',
      message: expect.stringContaining('3 times in a row'),
      hint: expect.stringMatching(/gone on with from step 2.*batch size/),
    })
    expect(device.opened()).toBe(3)
  })

  it('and that is kept nowhere ends, saying so', async () => {
    const { engine, device } = await openEngine()
    device.loseAfter('train/', 4)
    await expect(train(engine, undefined, false)).rejects.toMatchObject({
      code: 'device/lost',
      hint: expect.stringContaining('started again'),
    })
  })

  it('a save asked for meanwhile is made by its successor', async () => {
    const { engine, device } = await openEngine()
    let saved: Promise<{ step: number }> | undefined
    device.loseAfter('train/', 4)
    await train(engine, (event) => {
      if (event.type === 'run/device-lost') saved = engine.execute('run/save', {})
    })
    expect((await saved)?.step).toBeGreaterThan(2)
  })
})

describe('other work whose device is lost', () => {
  it('is done again on the next one', async () => {
    const measured = async (stage?: string) => {
      const { engine, device } = await openEngine()
      if (stage) device.loseAfter(stage, 2)
      const result = await engine.execute('model/evaluate', { config })
      expect(device.opened()).toBe(stage ? 2 : 1)
      return result
    }
    expect(await measured('evaluate/')).toEqual(await measured())
  })

  it('a text has every token told once, of the base and of a paused run', async () => {
    const files = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
    const rows = memorySource('rows', new TextEncoder().encode('{"prompt": "Hello!", "completion": "Hi."}\n'))
    const config = parseRunConfig({ train: { maxSteps: 2, gradAccumSteps: 1 } })
    const { engine, device } = await openModel('studio', '/models/studio-tiny-3m', files, rows, config)
    const speak = async (adapter?: 'run') => {
      const tokens: number[] = []
      const args = { prompt: 'Hello!', chat: true, maxNewTokens: 6, adapter, config }
      const { tokenIds } = await engine.execute('model/generate', args, {
        onEvent: (event) => event.type === 'generate/token' && tokens.push(event.tokenId),
      })
      expect(tokens.slice(0, tokenIds.length)).toEqual(tokenIds)
      return tokens
    }
    const twice = async (adapter?: 'run') => {
      const before = await speak(adapter)
      const devices = device.opened()
      device.loseAfter(generationStage(adapter ? 'tuned' : 'base', 1), 2)
      expect(await speak(adapter)).toEqual(before)
      expect(device.opened()).toBe(devices + 1)
    }
    await twice()
    let texts: Promise<void> | undefined
    await engine.execute(
      'run/start',
      { config, storage },
      {
        onEvent(event) {
          if (event.type === 'run/step' && event.step.step === 1) void engine.execute('run/pause', {})
          if (event.type !== 'run/paused' || texts) return
          texts = twice('run').finally(() => engine.execute('run/resume', {}))
        },
      },
    )
    await texts
  })
})
