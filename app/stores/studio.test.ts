import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunSummary } from '../../src/session/events.ts'
import {
  type DeviceReport,
  type ModelSummary,
  type PlanReport,
  type QuickTry,
  UNKNOWN_COLUMNS,
} from '../../src/session/reports.ts'
import { inputError, StudioError } from '../../src/util/errors.ts'
import { readyToStart } from './preparation.ts'
import { idleRun } from './run.ts'
import type { SavedRun } from './saved-runs.ts'
import { createStudio, type Studio } from './studio.ts'
import { goodAnswers, summary } from './testing/answers.ts'
import { type Answers, scriptedEngine } from './testing/scripted-engine.ts'

beforeEach(() => {
  vi.stubGlobal('document', { baseURI: 'http://localhost/' })
})
afterEach(() => vi.unstubAllGlobals())

async function prepared(changes: Answers = {}) {
  const scripted = scriptedEngine({ ...goodAnswers(), ...changes })
  const studio = createStudio(scripted.engine)
  await studio.begin()
  return { studio, ...scripted }
}

const isReady = ({ stores: { model, dataset, recipe } }: Studio) =>
  readyToStart(model.getState(), dataset.getState(), recipe.getState())

const ownModel = { kind: 'files' as const, name: 'mine', files: [] }

const started = {
  runId: 'run-1',
  totalSteps: 2,
  plannedBytes: {} as PlanReport['bytes'],
  totalBytes: 1000,
  trainableParameters: 10,
}

/** A promise that the test settles. */
function later<T>() {
  let settle: (value: T) => void = () => {}
  const promise = new Promise<T>((resolve) => {
    settle = resolve
  })
  return { promise, settle: (value: T) => settle(value) }
}

describe('a studio', () => {
  test('prepares everything in order and is then ready to start', async () => {
    const { studio, asked } = await prepared()
    expect(asked).toEqual(['device/describe', 'model/open', 'dataset/open', 'run/quick-try', 'run/plan'])
    expect(isReady(studio)).toBe(true)
  })

  test('asks for the prompts that the person wrote, in the plan and in the run', async () => {
    const seen: unknown[] = []
    const plan: Answers['run/plan'] = ({ config, samples }) => {
      seen.push(samples)
      return { totalSteps: config.train.maxSteps } as PlanReport
    }
    const { studio, answers } = await prepared({ 'run/plan': plan })
    expect(seen).toEqual([{ every: null }])
    studio.setSamples({ every: 5, written: ' What is a fox? \n\nHello!' })
    await vi.waitFor(() => expect(seen).toHaveLength(2))
    await vi.waitFor(() => expect(isReady(studio)).toBe(true))
    answers['run/start'] = ({ samples }) => {
      seen.push(samples)
      return summary
    }
    await studio.start()
    const asked = { every: 5, prompts: ['What is a fox?', 'Hello!'] }
    expect(seen.slice(1)).toEqual([asked, asked])
  })

  test('keeps the model before when another is refused', async () => {
    const { studio, answers } = await prepared()
    answers['model/open'] = () => {
      throw inputError('model', [{ message: 'no config.json' }])
    }
    studio.openModel(ownModel)
    await vi.waitFor(() => expect(studio.stores.model.getState().failure).not.toBeNull())
    const { opened, summary: kept, failure } = studio.stores.model.getState()
    expect([opened?.kind, kept?.name, failure?.error.message]).toEqual([
      'embedded',
      'studio-tiny-3m',
      'no config.json',
    ])
    expect(isReady(studio)).toBe(true)
  })

  test('a choice made while another is opened replaces it, and everything after it is done again', async () => {
    const { studio, answers, asked } = await prepared()
    const slow = later<ModelSummary>()
    answers['model/open'] = ({ name }) => (name === 'slow' ? slow.promise : ({ name } as ModelSummary))
    asked.length = 0
    studio.openModel({ ...ownModel, name: 'slow' })
    await vi.waitFor(() => expect(asked).toEqual(['model/open']))
    studio.openModel(ownModel)
    slow.settle({ name: 'slow' } as ModelSummary)
    await vi.waitFor(() => expect(isReady(studio)).toBe(true))
    expect(studio.stores.model.getState().summary?.name).toBe('mine')
    expect(asked).toEqual(['model/open', 'model/open', 'dataset/open', 'run/quick-try', 'run/plan'])
  })

  test('a model chosen while this device is measured is opened', async () => {
    const { studio, answers, asked } = await prepared()
    const measuring = later<never>()
    answers['run/quick-try'] = () => measuring.promise
    studio.openModel({ ...ownModel, name: 'first' })
    await vi.waitFor(() => expect(asked.at(-1)).toBe('run/quick-try'))
    studio.openModel(ownModel)
    measuring.settle(undefined as never)
    await vi.waitFor(() => expect(studio.stores.model.getState().summary?.name).toBe('mine'))
  })

  test('what is typed while this device is measured stays', async () => {
    const { studio, answers, asked } = await prepared()
    const measuring = later<QuickTry>()
    answers['run/quick-try'] = () => measuring.promise
    studio.openModel(ownModel)
    await vi.waitFor(() => expect(asked.at(-1)).toBe('run/quick-try'))
    studio.editField('lora.rank', 3)
    measuring.settle({ config: studio.stores.recipe.getState().base, tokensPerSecond: 100 } as QuickTry)
    await vi.waitFor(() => expect(isReady(studio)).toBe(true))
    const { config, quickTry } = studio.stores.recipe.getState()
    expect(config?.lora.rank).toBe(3)
    expect(quickTry?.tokensPerSecond).toBe(100)
  })

  test('an edited setting is planned; one that rows depend on is read again first', async () => {
    const { studio, asked } = await prepared()
    for (const [path, value, expected] of [
      ['lora.rank', 4, ['run/plan']],
      ['data.maxSeqLength', 32, ['dataset/open', 'run/plan']],
    ] as const) {
      asked.length = 0
      studio.editField(path, value)
      expect(isReady(studio)).toBe(false)
      await vi.waitFor(() => expect(isReady(studio)).toBe(true))
      expect(asked).toEqual(expected)
    }
  })

  test('columns that a person chose are part of the recipe once the data can be read so, and stay with these data', async () => {
    const { studio, answers } = await prepared()
    const { dataset, recipe } = studio.stores
    const file = { kind: 'blob', name: 'own.jsonl', blob: new Blob() } as const
    const mapping = { shape: 'pair', prompt: ['q'], answer: 'a' } as const
    const chosen = { ...mapping, prompt: [...mapping.prompt] }
    const columns = [{ name: 'q', sample: 'Q' }]
    const read = answers['dataset/open']
    answers['dataset/open'] = ({ config, ...args }, options) => {
      if (args.file.name === 'own.jsonl' && config.data.mapping?.shape !== 'pair')
        throw new StudioError(UNKNOWN_COLUMNS, 'of no known shape', { details: columns })
      if (config.data.mapping?.shape === 'pair' && config.data.mapping.answer !== 'a')
        throw inputError('dataset-rows', [{ message: 'a number, not text' }])
      if (!read) throw new Error('answered before')
      return read({ config, ...args }, options)
    }
    const refused = async (message: string) => {
      await vi.waitFor(() => expect(dataset.getState().failure?.error.message).toBe(message))
      expect(dataset.getState()).toMatchObject({ failure: { columns }, opened: { kind: 'demo' } })
      expect(recipe.getState().config?.data.mapping).toBeNull()
      expect(isReady(studio)).toBe(true)
      return dataset.getState().failure?.choice ?? { kind: 'demo', id: 'word-cards' }
    }
    studio.openDataset({ kind: 'file', file, skipBadRows: false })
    const choice = await refused('of no known shape')
    studio.chooseColumns(choice, { ...chosen, answer: 'id' })
    studio.chooseColumns(await refused('a number, not text'), chosen)
    await vi.waitFor(() => expect(dataset.getState().opened?.kind).toBe('file'))
    const { base, draft, config } = recipe.getState()
    expect([config?.data.mapping, base.data.mapping, draft === base]).toEqual([chosen, chosen, true])
    studio.choosePreset('balanced')
    expect(recipe.getState().config?.data.mapping).toEqual(chosen)
    studio.openRecipe('RUN.json', '{"data": {"packing": false}}')
    expect(recipe.getState().config?.data.mapping).toEqual(chosen)
    studio.openDataset({ kind: 'demo', id: 'word-cards' })
    await vi.waitFor(() => expect(dataset.getState().opened?.kind).toBe('demo'))
    expect(recipe.getState().config?.data.mapping).toBeNull()
  })

  test('a recipe with a fault is not planned, and says where', async () => {
    const { studio, asked } = await prepared()
    asked.length = 0
    studio.editField('lora.rank', -1)
    await vi.waitFor(() => expect(studio.stores.recipe.getState().planning).toBe(false))
    expect(studio.stores.recipe.getState()).toMatchObject({
      config: null,
      plan: null,
      problems: [{ path: 'lora.rank' }],
    })
    expect(asked).toEqual([])
  })

  test('folds the events of a run, holds everything still meanwhile, and ends with its summary', async () => {
    const end = later<RunSummary>()
    const { studio, asked } = await prepared({
      'run/start': (_, { onEvent }) => {
        onEvent?.({ type: 'run/started', ...started })
        return end.promise
      },
    })
    const { run, model } = studio.stores
    const ended = studio.start()
    await vi.waitFor(() => expect(run.getState().status).toBe('running'))
    studio.openModel(ownModel)
    expect(model.getState().status).toBe('ready')
    await studio.pause()
    expect(asked.at(-1)).toBe('run/pause')
    end.settle(summary)
    await ended
    expect(run.getState()).toMatchObject({ status: 'finished', runId: 'run-1', summary })
    studio.newRun()
    expect(run.getState().status).toBe('idle')
  })

  test('a run is held back where the device could not be checked, and begins without only on demand, which it tells', async () => {
    const { studio, asked } = await prepared({
      'device/describe': () => ({ device: { description: 'a GPU with no luck' } }) as DeviceReport,
      'device/verify': () => {
        throw new Error('no file to compare with')
      },
      'run/start': (_, { onEvent }) => {
        onEvent?.({ type: 'run/started', ...started })
        return summary
      },
    })
    const { run } = studio.stores
    await studio.start()
    expect(run.getState()).toEqual(idleRun)
    expect(studio.verification.store.getState().heldBack).toBe(true)
    await studio.startHeldBack()
    expect(asked.filter((name) => name === 'device/verify')).toHaveLength(2)
    expect(asked).not.toContain('run/start')
    await studio.startUnchecked()
    expect(run.getState().status).toBe('finished')
    expect(run.getState().log.filter(({ kind }) => kind === 'warning')).toMatchObject([
      { code: 'device/unverified' },
    ])
  })

  test('Stop while the device is checked brings the page back, and the engine is not asked for a run', async () => {
    const { studio, asked } = await prepared({
      'device/describe': () => ({ device: { description: 'a new GPU' } }) as DeviceReport,
      'device/verify': () => new Promise(() => {}),
    })
    const { run } = studio.stores
    const ended = studio.start()
    await vi.waitFor(() => expect(asked.at(-1)).toBe('device/verify'))
    await studio.stop()
    await ended
    expect(run.getState()).toEqual(idleRun)
    expect(isReady(studio)).toBe(true)
    expect(asked.filter((name) => name.startsWith('run/st'))).toEqual([])
  })

  test('Stop before the first step brings the page back; one that was to go on can still do so', async () => {
    const end = later<RunSummary>()
    const resumed = { runId: 'run-1', step: 7, totalSteps: 9 } as SavedRun
    const stopped = { ...summary, stopped: true }
    const { studio } = await prepared({
      'run/start': (_, { onEvent }) => {
        onEvent?.({ type: 'run/started', ...started, resumedFrom: 7 })
        return end.promise
      },
      'run/stop': () => end.settle({ ...stopped, steps: 7 }),
    })
    const { run } = studio.stores
    const ended = studio.start(resumed)
    await vi.waitFor(() => expect(run.getState().status).toBe('running'))
    await studio.stop()
    await ended
    expect(run.getState()).toEqual(idleRun)
    expect(isReady(studio)).toBe(true)
  })

  test('a run that cannot start has failed in words; a control that fails is a line of its log', async () => {
    const { studio } = await prepared({
      'run/start': () => {
        throw inputError('data', [{ message: 'no rows' }])
      },
      'run/pause': () => {
        throw new Error('not now')
      },
    })
    const { run } = studio.stores
    await studio.start()
    expect(run.getState()).toMatchObject({ status: 'failed', error: { message: 'no rows' } })
    await studio.pause()
    expect(run.getState().log.at(-1)).toMatchObject({ kind: 'warning', message: 'not now' })
  })
})
