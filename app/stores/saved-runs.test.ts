import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { parseRunConfig } from '../../src/config/parse.ts'
import type { CheckpointSummary } from '../../src/session/checkpoints.ts'
import type { DatasetSummary, PlanReport } from '../../src/session/reports.ts'
import { createHistory } from './history.ts'
import { memoryEntries } from './history-entries.ts'
import { pageLiveness } from './history-liveness.ts'
import { idleRun } from './run.ts'
import { missing } from './saved-runs.ts'
import { createStudio } from './studio.ts'
import { goodAnswers, summary } from './testing/answers.ts'
import { type Answers, scriptedEngine } from './testing/scripted-engine.ts'

beforeEach(() => {
  vi.stubGlobal('document', { baseURI: 'http://localhost/' })
})
afterEach(() => vi.unstubAllGlobals())

const config = parseRunConfig({ train: { maxSteps: 150 }, data: { maxSeqLength: 40 } })

const saved = (changes: Partial<CheckpointSummary> = {}): CheckpointSummary => ({
  runId: 'run-1',
  step: 84,
  totalSteps: 150,
  savedAt: 0,
  modelName: 'studio-tiny-3m',
  config,
  summary,
  sizeBytes: 1000,
  inUse: false,
  ...changes,
})

const start = { model: 'studio-tiny-3m', device: 'GPU', config: {} }

/** A page that opens on what another has left: checkpoints, and a history that knows the runs by their datasets. */
async function openPage(
  checkpoints: CheckpointSummary[],
  datasets: Record<string, string>,
  more: Answers = {},
) {
  const history = createHistory({ entries: memoryEntries(), liveness: pageLiveness })
  await history.open()
  for (const [id, dataset] of Object.entries(datasets)) await history.begin({ id, dataset, ...start })
  const list = [...checkpoints]
  const scripted = scriptedEngine({
    ...goodAnswers(),
    'checkpoint/list': () => list,
    'checkpoint/delete': ({ runId }) => {
      list.splice(
        list.findIndex((each) => each.runId === runId),
        1,
      )
    },
    ...more,
  })
  const studio = createStudio(scripted.engine, history)
  await studio.begin()
  return { studio, history, ...scripted, list, offered: () => studio.savedRuns.store.getState().runs }
}

test('a run that stopped halfway is offered; one in another tab is not; what killed runs left is collected', async () => {
  const { offered, asked } = await openPage([saved(), saved({ runId: 'elsewhere', inUse: true })], {})
  expect(offered().map(({ runId }) => runId)).toEqual(['run-1'])
  expect(asked).toContain('checkpoint/collect')
})

test('the checkpoint of a finished run is deleted once the history has what it made', async () => {
  const done = saved({ runId: 'done', step: 150 })
  const unkept = saved({ runId: 'unkept', step: 150 })
  const { studio, history, list, offered } = await openPage([done, unkept], { done: 'a', unkept: 'b' })
  expect(offered()).toEqual([])
  expect(list).toHaveLength(2)
  const state = { ...studio.stores.run.getState(), runId: 'done', status: 'finished' as const, summary }
  await history.finish('done', state, [{ path: 'adapter', bytes: new Uint8Array(3) }])
  await studio.savedRuns.refresh()
  expect(list.map(({ runId }) => runId)).toEqual(['unkept'])
})

test('going on opens what the run began with, takes its recipe, and resumes it', async () => {
  const opened: string[] = []
  const started = vi.fn(() => summary)
  const { studio, offered } = await openPage(
    [saved()],
    { 'run-1': 'word-cards.jsonl' },
    {
      'dataset/open': ({ file, config }) => {
        opened.push(`${file.name} cut at ${config.data.maxSeqLength}`)
        return { name: file.name, rows: 9 } as DatasetSummary
      },
      'run/start': started,
    },
  )
  await studio.savedRuns.goOn(offered()[0])
  expect(opened.at(-1)).toBe('word-cards.jsonl cut at 40')
  expect(started).toHaveBeenCalledWith(
    { config, storage: { kind: 'browser' }, samples: { every: null }, resume: { runId: 'run-1' } },
    expect.anything(),
  )
  expect(studio.stores.run.getState().status).toBe('finished')
})

test('a run on own files waits until they are opened again, and says which', async () => {
  const { studio, offered, asked } = await openPage([saved({ modelName: 'mine' })], { 'run-1': 'mine.jsonl' })
  const { model, dataset } = studio.stores
  const inputs = studio.savedRuns.inputsOf(offered()[0])
  expect(inputs).toEqual({ model: 'mine', dataset: 'mine.jsonl' })
  expect(missing(inputs, model.getState(), dataset.getState())).toEqual(['model', 'dataset'])
  await studio.savedRuns.goOn(offered()[0])
  expect(asked).not.toContain('run/start')
  studio.openModel({ kind: 'files', name: 'mine', files: [] })
  const file = { kind: 'blob' as const, name: 'mine.jsonl', blob: new Blob() }
  studio.openDataset({ kind: 'file', file, skipBadRows: false })
  await vi.waitFor(() => expect(missing(inputs, model.getState(), dataset.getState())).toEqual([]))
  await studio.savedRuns.goOn(offered()[0])
  expect(asked).toContain('run/start')
})

test('what keeps a run from going on is told', async () => {
  const { studio, offered, answers } = await openPage([saved()], { 'run-1': 'us-state-capitals.jsonl' })
  answers['run/plan'] = (): PlanReport => {
    throw new Error('too large for this GPU')
  }
  await studio.savedRuns.goOn(offered()[0])
  expect(studio.savedRuns.store.getState()).toMatchObject({
    opening: null,
    failure: { doing: 'goOn', error: { message: 'too large for this GPU' } },
  })
})

test('a discarded run is no longer offered', async () => {
  const { studio, offered } = await openPage([saved()], {})
  await studio.savedRuns.discard(offered()[0])
  expect(offered()).toEqual([])
})

test('a run that is deleted from the history takes its checkpoint with it', async () => {
  const { history, list } = await openPage([saved(), saved({ runId: 'other' })], { 'run-1': 'a', other: 'b' })
  const ended = { ...idleRun, runId: 'run-1', status: 'failed' as const }
  await history.finish('run-1', ended)
  await history.remove(['run-1'])
  await vi.waitFor(() => expect(list.map(({ runId }) => runId)).toEqual(['other']))
})
