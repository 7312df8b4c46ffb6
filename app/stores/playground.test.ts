import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CommandArgs, CommandOptions } from '../../src/session/engine.ts'
import type { FileReference } from '../../src/session/files.ts'
import type { GenerateResult } from '../../src/session/generate-request.ts'
import type { DatasetSummary, ModelSummary } from '../../src/session/reports.ts'
import { StudioError } from '../../src/util/errors.ts'
import { thinned } from './kept-steps.ts'
import { playgroundObstacle, stepsToHear } from './playground.ts'
import { answersOf } from './playground-state.ts'
import { idleRun, type RunState } from './run.ts'
import { createStudio } from './studio.ts'
import { goodAnswers } from './testing/answers.ts'
import { type Answers, scriptedEngine } from './testing/scripted-engine.ts'

beforeEach(() => {
  vi.stubGlobal('document', { baseURI: 'http://localhost/' })
})
afterEach(() => vi.unstubAllGlobals())

type Generate = CommandArgs<'model/generate'>

const speechOf = (words: string[]): GenerateResult => ({
  text: words.join(''),
  tokenIds: words.map((_, n) => n),
  finishReason: 'stop',
  prompt: '<|user|>Hi<|assistant|>',
  promptTokens: 3,
  tokensPerSecond: 10,
  promptTokensPerSecond: 30,
})

/** Says who it is, and how often it has been asked. */
function speaking(asked: Generate[]) {
  return (args: Generate, { onEvent }: CommandOptions) => {
    asked.push(args)
    const words = [args.adapter === 'run' ? 'tuned' : args.adapter ? 'other' : 'base', ' answer']
    words.forEach((text, tokenId) => {
      onEvent?.({ type: 'generate/token', tokenId, text, probability: 0.5 })
    })
    return speechOf(words)
  }
}

async function prepared(run: Partial<RunState> = {}, answers: Answers = {}) {
  const requests: Generate[] = []
  const scripted = scriptedEngine({
    ...goodAnswers(),
    'model/open': ({ name }) =>
      ({ name, tokenizer: { vocabSize: 10, chatTemplate: 'model' } }) as ModelSummary,
    'dataset/open': ({ file }) =>
      ({
        name: file.name,
        rows: 1,
        preview: [
          {
            row: 1,
            fullLength: 3,
            tokens: [
              { id: 1, text: '<|user|>', trained: false, special: true, endOfTurn: false },
              { id: 2, text: 'Hi?', trained: false, special: false, endOfTurn: false },
              { id: 3, text: 'Ho!', trained: true, special: false, endOfTurn: false },
            ],
          },
        ],
      }) as unknown as DatasetSummary,
    'model/generate': speaking(requests),
    ...answers,
  })
  const studio = createStudio(scripted.engine)
  await studio.begin()
  studio.stores.run.setState(run)
  const { playground } = studio
  const settled = () => vi.waitFor(() => expect(playground.store.getState().speaking).toBe(false))
  const turns = () => playground.store.getState().turns
  return { studio, playground, requests, settled, turns, answers: scripted.answers }
}

const finished = { status: 'finished', step: 150 } as const

describe('asking', () => {
  test('base and tuned answer one question, token by token, each with who it was', async () => {
    const { playground, requests, settled, turns } = await prepared(finished)
    playground.write('Hi?')
    playground.ask()
    await settled()
    const settings = { temperature: 0, topP: 1, topK: 0, seed: 1, maxNewTokens: 128 }
    const messages = [{ role: 'user', content: 'Hi?' }]
    expect(requests).toEqual([
      { ...settings, messages },
      { ...settings, messages, adapter: 'run' },
    ])
    const [turn] = turns()
    expect(turn).toMatchObject({ text: 'Hi?', expected: 'Ho!', mode: 'chat' })
    expect(turn.answers.base).toMatchObject({ status: 'done', result: { text: 'base answer' } })
    expect(turn.answers.run?.tokens.map(({ text }) => text)).toEqual(['tuned', ' answer'])
    expect(turn.answers.run?.label).toMatchObject({ step: 150, paused: false, strength: 1 })
    expect(playground.store.getState().draft).toBe('')
  })

  test('without a run only the base answers; an opened adapter is one column more', async () => {
    const { playground, settled, turns } = await prepared()
    playground.ask('Hi?')
    await settled()
    playground.openAdapter({ source: 'files', name: 'poems', runId: null, step: null, files: [] })
    playground.ask('Hi?')
    await settled()
    expect(turns().map(({ answers }) => Object.keys(answers))).toEqual([['base', 'adapter 1'], ['base']])
    expect(turns()[0].answers['adapter 1']?.label.name).toBe('poems')
  })

  test('several adapters answer beside base and run; a step that is kept stays what it was; columns are left out', async () => {
    const kept = new Uint8Array([1])
    const { studio, playground, requests, settled, turns } = await prepared(
      { status: 'paused', step: 40, runId: 'now' },
      { 'run/export': () => [{ path: 'adapter_config.json', bytes: kept }] },
    )
    await playground.keepStep()
    studio.stores.run.setState({ step: 90 })
    const files: FileReference[] = [{ kind: 'blob', name: 'adapter_config.json', blob: new Blob([]) }]
    playground.openAdapter({ source: 'earlier', name: 'capitals 1', runId: 'before', step: 150, files })
    playground.ask('Hi?')
    await settled()
    const labels = answersOf(turns()[0]).map(({ label: { source, name, step } }) => [source, name, step])
    expect(labels).toEqual([
      ['base', null, null],
      ['run', null, 90],
      ['checkpoint', null, 40],
      ['earlier', 'capitals 1', 150],
    ])
    expect(requests.map(({ adapter }) => adapter)).toEqual([
      undefined,
      'run',
      [expect.objectContaining({ name: 'adapter_config.json' })],
      files,
    ])

    playground.show('base', false)
    playground.closeAdapter('adapter 1')
    playground.ask('Ho?')
    await settled()
    expect(answersOf(turns()[0]).map(({ label }) => label.speaker)).toEqual(['run', 'adapter 2'])
    // Somebody has to answer.
    for (const speaker of ['run', 'adapter 2'] as const) playground.show(speaker, false)
    playground.ask('He?')
    await settled()
    expect(answersOf(turns()[0])).toHaveLength(3)
  })

  test('the run’s column speaks as at any step that was kept, live; an answer that a slide cuts short comes again', async () => {
    let at = 0
    const { studio, playground, requests, settled, turns } = await prepared(
      {},
      {
        'run/export-step': () => {
          const bytes = new Uint8Array([at])
          return { step: at, files: [{ path: 'adapter_config.json', bytes }] }
        },
      },
    )
    const reach = async (step: number, status: RunState['status'] = 'running') => {
      at = step
      const run = { ...idleRun, status, runId: 'now', step, totalSteps: 60 }
      studio.stores.run.setState(run, true)
      await vi.waitFor(() => expect(steps().at(-1)).toBe(step))
    }
    const steps = () => stepsToHear(studio.stores.run.getState(), playground.store.getState())
    for (const step of [1, 4, 5, 7, 10]) await reach(step)
    await reach(12, 'paused')
    await vi.waitFor(() => expect(playground.store.getState().kept.at(-1)?.step).toBe(12))
    // One in five, and where it paused.
    expect(steps()).toEqual([5, 10, 12])

    playground.ask('Hi?')
    await settled()
    requests.length = 0
    playground.hearStep(10)
    playground.hearStep(5)
    await vi.waitFor(() => expect(turns()[0].answers.run?.label).toMatchObject({ step: 5, isKept: true }))
    await settled()
    // Only that column, and only as at the last place.
    expect(requests).toHaveLength(1)
    const [{ blob }] = requests[0].adapter as unknown as { blob: Blob }[]
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(new Uint8Array([5]))

    playground.hearStep(12)
    await vi.waitFor(() => expect(turns()[0].answers.run?.label).toMatchObject({ step: 12, isKept: false }))
    await settled()
    expect(requests[1].adapter).toBe('run')

    playground.ask('Ho?')
    playground.stop()
    playground.hearStep(5)
    await vi.waitFor(() => expect(turns()[0].answers.base?.status).toBe('done'))
    await settled()
    expect(turns()[0].answers.run).toMatchObject({ status: 'done', label: { step: 5 } })
    studio.stores.run.setState({ ...idleRun, status: 'starting' }, true)
    expect(playground.store.getState()).toMatchObject({ kept: [], heardStep: null })
  })

  test('of too many kept steps those near their neighbours go, never the first and the last', () => {
    const steps = [1, 10, 11, 30, 40].map((step) => ({ runId: 'now', step, files: [] }))
    expect(thinned(steps, 4).map(({ step }) => step)).toEqual([1, 11, 30, 40])
  })

  test('plain text is continued as it stands; stop strings are lines', async () => {
    const { playground, requests, settled } = await prepared()
    playground.chooseMode('plain')
    playground.set({ stop: 'one\n\n two', temperature: 0.7 })
    playground.ask('Once')
    await settled()
    expect(requests[0]).toMatchObject({ prompt: 'Once', stop: ['one', ' two'], temperature: 0.7 })
    expect(requests[0]).not.toHaveProperty('messages')
  })

  test('a conversation that goes on holds what the same column said before', async () => {
    const { playground, requests, settled } = await prepared(finished)
    playground.ask('Hi?')
    await settled()
    playground.remember(true)
    playground.ask('And?')
    await settled()
    expect(requests.slice(2).map(({ messages }) => messages?.map(({ content }) => content))).toEqual([
      ['Hi?', 'base answer', 'And?'],
      ['Hi?', 'tuned answer', 'And?'],
    ])
  })

  test('what was held back while a stop string might come belongs to the last token', async () => {
    const { playground, settled, turns } = await prepared(
      {},
      {
        'model/generate': (_, { onEvent }) => {
          onEvent?.({ type: 'generate/token', tokenId: 1, text: 'to', probability: 1 })
          onEvent?.({ type: 'generate/token', tokenId: 2, text: '', probability: 1 })
          return speechOf(['to', ' be'])
        },
      },
    )
    playground.ask('Hi?')
    await settled()
    expect(turns()[0].answers.base?.tokens.map(({ text }) => text)).toEqual(['to', ' be'])
  })

  test('a column that fails says why, and the next one answers all the same', async () => {
    const { playground, settled, turns, answers } = await prepared(finished)
    const well = answers['model/generate'] as NonNullable<Answers['model/generate']>
    answers['model/generate'] = (args, options) => {
      if (args.adapter !== 'run') throw new StudioError('device/lost', 'gone')
      return well(args, options)
    }
    playground.ask('Hi?')
    await settled()
    expect(turns()[0].answers.base).toMatchObject({ status: 'failed', error: { message: 'gone' } })
    expect(turns()[0].answers.run?.status).toBe('done')
    answers['model/generate'] = well
    playground.askAgain(turns()[0].id, 'base')
    await settled()
    expect(turns()[0].answers.base).toMatchObject({ status: 'done', error: null })
  })
})

/** A model that says a word and goes on until it is stopped. */
const endless: Answers['model/generate'] = ({ adapter }, { onEvent, signal }) => {
  onEvent?.({ type: 'generate/token', tokenId: 1, text: String(adapter ?? 'base'), probability: 1 })
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new StudioError('cancelled', 'cancelled')))
  })
}

describe('stopping', () => {
  test('keeps what was said; columns that had not begun are stopped too', async () => {
    const { playground, settled, turns } = await prepared(finished, { 'model/generate': endless })
    playground.ask('Hi?')
    await vi.waitFor(() => expect(turns()[0].answers.base?.status).toBe('speaking'))
    playground.stop()
    await settled()
    expect(turns()[0].answers.base).toMatchObject({ status: 'stopped', tokens: [{ text: 'base' }] })
    expect(turns()[0].answers.run).toMatchObject({ status: 'stopped', tokens: [] })
  })

  test('a new question ends the one before', async () => {
    const { playground, settled, turns, answers, requests } = await prepared(
      {},
      { 'model/generate': endless },
    )
    playground.ask('Hi?')
    await vi.waitFor(() => expect(turns()[0].answers.base?.status).toBe('speaking'))
    answers['model/generate'] = speaking(requests)
    playground.ask('Ho?')
    await settled()
    expect(turns().map(({ answers: { base } }) => base?.status)).toEqual(['done', 'stopped'])
  })

  test('a run that starts takes the GPU', async () => {
    const { studio, playground, settled, turns } = await prepared({}, { 'model/generate': endless })
    playground.ask('Hi?')
    await vi.waitFor(() => expect(turns()[0].answers.base?.status).toBe('speaking'))
    await studio.start()
    await settled()
    expect(turns()[0].answers.base?.status).toBe('stopped')
    expect(studio.stores.run.getState().status).toBe('finished')
  })
})

test('sliding asks the adapters again, not the base, and only the last value counts', async () => {
  const { playground, requests, settled, turns } = await prepared(finished)
  playground.ask('Hi?')
  await settled()
  requests.length = 0
  for (const strength of [0.9, 0.7, 0.5]) playground.slide(strength)
  await vi.waitFor(() => expect(requests).toHaveLength(1))
  await settled()
  expect(requests[0]).toMatchObject({ adapter: 'run', strength: 0.5 })
  expect(turns()[0].answers.run?.label.strength).toBe(0.5)
  expect(turns()[0].answers.base?.label.strength).toBe(1)
})

test('says why it cannot ask, and does not', async () => {
  const { playground, studio, turns } = await prepared({ status: 'running', step: 3 })
  const model = studio.stores.model.getState()
  const obstacle = (run: Partial<RunState>, mode: 'chat' | 'plain' = 'chat') =>
    playgroundObstacle(model, { ...idleRun, ...run }, mode)
  expect(obstacle({ status: 'running', step: 3 })).toBe('training')
  expect(obstacle({ status: 'running', step: 0 })).toBe('starting')
  expect(obstacle({ status: 'paused', step: 3 })).toBeNull()
  expect(obstacle({ status: 'stopping' })).toBe('stopping')
  playground.ask('Hi?')
  expect(turns()).toEqual([])

  const summary = { tokenizer: { vocabSize: 1, chatTemplate: 'unusable' } } as ModelSummary
  expect(playgroundObstacle({ ...model, summary }, idleRun, 'chat')).toBe('noTemplate')
  expect(playgroundObstacle({ ...model, summary }, idleRun, 'plain')).toBeNull()
  const mute = { tokenizer: null } as ModelSummary
  expect(playgroundObstacle({ ...model, summary: mute }, idleRun, 'plain')).toBe('noTokenizer')
})
