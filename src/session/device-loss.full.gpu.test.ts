import { beforeAll, describe, expect, it } from 'vitest'
import { generationStage } from '../generate/program.ts'
import { adapterOf, goldenEngines, STEPS, speakingEngine, storage, trainTo } from './testing/losing-engine.ts'

let openEngine: Awaited<ReturnType<typeof goldenEngines>>
let whole: Awaited<ReturnType<typeof trainTo>>
beforeAll(async () => {
  openEngine = await goldenEngines()
  whole = await trainTo(await openEngine())
})

const MOMENTS: [name: string, stage: string, since: number][] = [
  ['while kernels are compiled', 'compile', 0],
  ['in the evaluation before the first step', 'evaluate/', 0],
  ['in a forward and backward', 'train/', 2],
  ['in an update', 'update', 2],
  ['between two pages of an update', 'update', 4],
  ['in an evaluation between steps', 'evaluate/', 2],
]

describe.each([
  ['tiny-llama', 'full', MOMENTS],
  ['tiny-llama-tied', 'full', MOMENTS],
  ['tiny-llama', 'qlora', [...MOMENTS, ['while weights are quantized', 'load/', 0]]],
] as const)('a run of %s with %s whose device is lost', (model, method, moments) => {
  let openEngine: Awaited<ReturnType<typeof goldenEngines>>
  let whole: Awaited<ReturnType<typeof trainTo>>
  beforeAll(async () => {
    openEngine = await goldenEngines(model, method)
    whole = await trainTo(await openEngine())
  })

  it.each(moments as typeof MOMENTS)('%s goes on by itself, to the same bytes', async (_, stage, since) => {
    const { engine, device, config } = await openEngine()
    if (since === 0) device.loseAfter(stage)
    const { summary, of, adapter, losses } = await trainTo({
      engine,
      config,
      watch(event) {
        if (event.type === 'run/checkpoint' && event.step === since)
          device.loseAfter(stage, since === 4 ? 5 : 1)
      },
    })
    const [lost] = of('run/device-lost')
    expect(of('run/device-lost')).toHaveLength(1)
    expect(lost.resumesFrom).toBe(since)
    expect(device.opened()).toBe(2)
    expect(of('run/started')[1]).toMatchObject({ runId: summary.runId, resumedFrom: lost.resumesFrom })
    expect(of('run/resumed')).toMatchObject([{ step: lost.resumesFrom }])
    expect(adapter).toEqual(whole.adapter)
    expect(losses).toEqual(whole.losses)
    expect(summary).toMatchObject({ steps: STEPS, evalLoss: whole.summary.evalLoss })
  })
})

describe('a run whose device is lost', () => {
  it('after its end still gives its adapter, from the checkpoint', async () => {
    const opened = await openEngine()
    await trainTo(opened)
    opened.device.lose()
    expect(await adapterOf(opened.engine)).toEqual(whole.adapter)
  })

  it('again and again at one place ends, saying what to do', async () => {
    const { engine, device, config } = await openEngine()
    const ended = trainTo({
      engine,
      config,
      watch(event) {
        if (event.type === 'run/checkpoint' && event.step === 2) device.loseAfter('train/', 1, 9)
      },
    })
    await expect(ended).rejects.toMatchObject({
      code: 'device/lost',
      message: expect.stringContaining('3 times in a row'),
      hint: expect.stringMatching(/gone on with from step 2.*batch size/),
    })
    expect(device.opened()).toBe(3)
  })

  it('and that is kept nowhere ends, saying so', async () => {
    const opened = await openEngine()
    opened.device.loseAfter('train/', 4)
    await expect(trainTo({ ...opened, kept: false })).rejects.toMatchObject({
      code: 'device/lost',
      hint: expect.stringContaining('started again'),
    })
  })

  it('a save asked for meanwhile is made by its successor', async () => {
    const { engine, device, config } = await openEngine()
    let saved: Promise<{ step: number }> | undefined
    device.loseAfter('train/', 4)
    await trainTo({
      engine,
      config,
      watch(event) {
        if (event.type === 'run/device-lost') saved = engine.execute('run/save', {})
      },
    })
    expect((await saved)?.step).toBeGreaterThan(2)
  })
})

it.each([
  ['model/evaluate', 'evaluate/', 2],
  ['model/logits', 'compile', 1],
  ['model/quantize', 'load/', 3],
  ['model/inspect', 'load/', 3],
] as const)('%s, whose device is lost, is done again on the next one', async (command, stage, nth) => {
  const result = async (losses: number) => {
    const { engine, device, config } = await openEngine()
    if (losses > 0) device.loseAfter(stage, nth, losses)
    const answer = await engine.execute(command, { config })
    expect(device.opened()).toBe(1 + losses)
    return answer
  }
  const undisturbed = await result(0)
  expect(await result(1)).toEqual(undisturbed)
  // Lost again on the next one as well: not without end.
  await expect(result(2)).rejects.toMatchObject({
    code: 'device/lost',
    message: expect.stringContaining('twice in a row'),
    hint: expect.stringContaining('Close other programs'),
  })
})

it('a text of a paused run that trains every weight is spoken again from the weights of its checkpoint', async () => {
  const { engine, device, config } = await speakingEngine('full')
  const speak = async () => {
    const args = { prompt: 'Hello!', chat: true, maxNewTokens: 6, adapter: 'run' as const, config }
    return (await engine.execute('model/generate', args)).tokenIds
  }
  let texts: Promise<void> | undefined
  await engine.execute(
    'run/start',
    { config, storage },
    {
      onEvent(event) {
        if (event.type === 'run/step' && event.step.step === 1) void engine.execute('run/pause', {})
        if (event.type !== 'run/paused' || texts) return
        texts = (async () => {
          const before = await speak()
          device.loseAfter(generationStage('base', 1), 2)
          expect(await speak()).toEqual(before)
          expect(device.opened()).toBe(2)
          await engine.execute('run/resume', {})
        })()
      },
    },
  )
  await texts
})
