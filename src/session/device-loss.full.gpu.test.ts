import { beforeAll, describe, expect, it } from 'vitest'
import { adapterOf, goldenEngines, STEPS, trainTo } from './testing/losing-engine.ts'

let openEngine: Awaited<ReturnType<typeof goldenEngines>>
let whole: Awaited<ReturnType<typeof trainTo>>
beforeAll(async () => {
  openEngine = await goldenEngines()
  whole = await trainTo(await openEngine())
})

describe.each([
  ['tiny-llama', 'full'],
  ['tiny-llama-tied', 'full'],
  ['tiny-llama', 'qlora'],
] as const)('a run of %s with %s whose device is lost', (model, method) => {
  let openEngine: Awaited<ReturnType<typeof goldenEngines>>
  let whole: Awaited<ReturnType<typeof trainTo>>
  beforeAll(async () => {
    openEngine = await goldenEngines(model, method)
    whole = await trainTo(await openEngine())
  })

  it.each([
    ['while kernels are compiled', 'compile', 0],
    ['while weights are loaded', 'load/', 0],
    ['in the evaluation before the first step', 'evaluate/', 0],
    ['in a forward and backward', 'train/', 2],
    ['in an update', 'update', 2],
    ['in the middle of an update', 'update', 4],
    ['in an evaluation between steps', 'evaluate/', 2],
  ])('%s goes on by itself, to the same bytes', async (_, stage, since) => {
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

it('an evaluation whose device is lost is done again on the next one', async () => {
  const measured = async (stage?: string) => {
    const { engine, device, config } = await openEngine()
    if (stage) device.loseAfter(stage, 2)
    const result = await engine.execute('model/evaluate', { config })
    expect(device.opened()).toBe(stage ? 2 : 1)
    return result
  }
  expect(await measured('evaluate/')).toEqual(await measured())
})
