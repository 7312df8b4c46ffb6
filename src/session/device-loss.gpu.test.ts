import { beforeAll, describe, expect, it } from 'vitest'
import { generationStage } from '../generate/program.ts'
import { goldenEngines, STEPS, speakingEngine, storage, trainTo } from './testing/losing-engine.ts'

let openEngine: Awaited<ReturnType<typeof goldenEngines>>
let whole: Awaited<ReturnType<typeof trainTo>>
beforeAll(async () => {
  openEngine = await goldenEngines()
  whole = await trainTo(await openEngine())
})

describe('a run whose device is lost', () => {
  it.each([
    ['in a forward and backward', 'train/'],
    ['in an update', 'update'],
  ])('%s goes on by itself from its checkpoint, to the same bytes', async (_, stage) => {
    const { engine, device, config } = await openEngine()
    const { summary, of, adapter, losses } = await trainTo({
      engine,
      config,
      watch(event) {
        if (event.type === 'run/checkpoint' && event.step === 2) device.loseAfter(stage)
      },
    })
    const [lost] = of('run/device-lost')
    expect(of('run/device-lost')).toHaveLength(1)
    expect(lost.resumesFrom).toBe(2)
    expect(device.opened()).toBe(2)
    expect(of('run/started')[1]).toMatchObject({ runId: summary.runId, resumedFrom: lost.resumesFrom })
    expect(of('run/resumed')).toMatchObject([{ step: lost.resumesFrom }])
    expect(adapter).toEqual(whole.adapter)
    expect(losses).toEqual(whole.losses)
    expect(summary).toMatchObject({ steps: STEPS, evalLoss: whole.summary.evalLoss })
  })

  it('while it is paused stays paused, and goes on to the same bytes', async () => {
    const { engine, device, config } = await openEngine()
    const paused: number[] = []
    const { adapter, of } = await trainTo({
      engine,
      config,
      watch(event) {
        if (event.type === 'run/step' && event.step.step === 3) void engine.execute('run/pause', {})
        if (event.type !== 'run/paused') return
        paused.push(event.step)
        if (paused.length === 1) device.lose()
        else void engine.execute('run/resume', {})
      },
    })
    expect(paused).toHaveLength(2)
    expect(paused[1]).toBe(paused[0])
    expect(of('run/device-lost')).toMatchObject([{ step: paused[0], resumesFrom: paused[0] }])
    expect(adapter).toEqual(whole.adapter)
  })
})

it('a text has every token told once, of the base and of a paused run', async () => {
  const { engine, device, config } = await speakingEngine()
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
