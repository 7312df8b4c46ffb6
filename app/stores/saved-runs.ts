import { createStore } from 'zustand/vanilla'
import type { CheckpointSummary } from '../../src/session/checkpoints.ts'
import type { StorageReference } from '../../src/session/files.ts'
import { type ErrorData, errorToData } from '../../src/util/errors.ts'
import { DEMOS, type DemoId, demoFile, EMBEDDED_MODEL } from './embedded.ts'
import type { History } from './history.ts'
import type { RunRecord } from './history-record.ts'
import { readyToStart } from './preparation.ts'
import { recipeOf } from './recipe-state.ts'
import { isLive } from './run.ts'
import type { DatasetState, ModelState } from './state.ts'
import { isLocked } from './stores.ts'
import type { StudioParts } from './studio.ts'

/** Where the page keeps checkpoints. */
export const PAGE_STORAGE: StorageReference = { kind: 'browser' }

/** How long a run that seems to be under way elsewhere is looked at again. */
const IN_USE_WAIT_MS = 2000
const IN_USE_ATTEMPTS = 4

/** A run that this browser holds a checkpoint of, and that nobody is at work on. */
export type SavedRun = Omit<CheckpointSummary, 'inUse'>

export interface SavedRunsState {
  /** The latest first. */
  runs: readonly SavedRun[]
  /** The run that is being gone on with. */
  opening: string | null
  /** What could not be done, and why. */
  failure: { doing: 'look' | 'goOn' | 'discard'; error: ErrorData } | null
}

/** What a run was trained on, by names: all that is known of it once its page is gone. */
export interface RunInputs {
  model: string
  /** Null when the history does not know the run. */
  dataset: string | null
}

/** Checkpoints of this browser: what can be gone on with after a reload or a crash. */
export function createSavedRuns(
  { engine, stores, preparation }: StudioParts,
  history: History,
  start: (saved: SavedRun) => Promise<void>,
) {
  const { model, dataset, recipe, run, device } = stores
  const store = createStore<SavedRunsState>(() => ({ runs: [], opening: null, failure: null }))
  const fail = (doing: 'look' | 'discard', error: unknown) =>
    store.setState({ failure: { doing, error: errorToData(error) } })
  const recordOf = (runId: string) => history.store.getState().records.find(({ id }) => id === runId)

  /**
   * Looks again at what there is, and deletes what is of no use to anyone. The worker of a page that has just gone may
   * hold its run for a moment longer.
   */
  async function refresh(attempts = IN_USE_ATTEMPTS) {
    try {
      await historyIsOpen(history)
      await engine.execute('checkpoint/collect', { storage: PAGE_STORAGE })
      const found = await engine.execute('checkpoint/list', { storage: PAGE_STORAGE })
      const current = run.getState().runId
      const runs: SavedRun[] = []
      for (const { inUse, ...saved } of found) {
        if (inUse) {
          if (saved.runId !== current && attempts > 1) setTimeout(refresh, IN_USE_WAIT_MS, attempts - 1)
          continue
        }
        if (saved.runId !== current && isComplete(saved, recordOf(saved.runId)))
          await engine.execute('checkpoint/delete', { storage: PAGE_STORAGE, runId: saved.runId })
        else if (saved.step < saved.totalSteps) runs.push(saved)
      }
      store.setState({ runs })
    } catch (error) {
      fail('look', error)
    }
  }

  device.subscribe((state, before) => {
    if (state.status === 'ready' && before.status !== 'ready') void refresh()
  })
  run.subscribe((state, before) => {
    if (isLive(before.status) && !isLive(state.status)) void refresh()
  })

  // A run that is deleted from the history is deleted as a whole.
  history.store.subscribe(({ records }, before) => {
    if (records === before.records) return
    const kept = new Set(records.map(({ id }) => id))
    const gone = new Set(before.records.flatMap(({ id }) => (kept.has(id) ? [] : [id])))
    for (const saved of store.getState().runs) if (gone.has(saved.runId)) void discard(saved)
  })

  async function discard({ runId }: SavedRun) {
    try {
      await engine.execute('checkpoint/delete', { storage: PAGE_STORAGE, runId })
    } catch (error) {
      fail('discard', error)
    }
    await refresh()
  }

  /** Opens what the run was trained on, as far as the page can, with its recipe; then goes on with it. */
  async function goOn(saved: SavedRun) {
    const inputs = inputsOf(saved, recordOf(saved.runId))
    if (isLocked(stores) || store.getState().opening) return
    if (missing(inputs, model.getState(), dataset.getState()).length > 0) return
    store.setState({ opening: saved.runId, failure: null })
    recipe.setState({
      ...recipeOf('file', saved.config),
      fileName: recordOf(saved.runId)?.name ?? saved.modelName,
      fileFailure: null,
    })
    const needsModel = isEmbedded(inputs) && model.getState().opened?.kind !== 'embedded'
    if (needsModel) model.setState({ requested: { kind: 'embedded' }, failure: null })
    const demo = demoOf(inputs)
    const opened = dataset.getState().opened
    const needsDemo = demo !== null && !(opened?.kind === 'demo' && opened.id === demo)
    if (needsDemo) dataset.setState({ requested: { kind: 'demo', id: demo }, failure: null })
    if (needsModel) void preparation.prepare('model')
    else if (needsDemo) void preparation.prepare('dataset')
    else preparation.replan()
    await preparation.settled()
    const obstacle =
      model.getState().failure?.error ?? dataset.getState().failure?.error ?? recipe.getState().planError
    store.setState({ opening: null })
    if (readyToStart(model.getState(), dataset.getState(), recipe.getState())) await start(saved)
    else if (obstacle) store.setState({ failure: { doing: 'goOn', error: obstacle } })
  }

  return {
    store,
    refresh: () => refresh(),
    goOn,
    inputsOf: (saved: SavedRun) => inputsOf(saved, recordOf(saved.runId)),

    discard,
    dismissFailure: () => store.setState({ failure: null }),
  }
}

/** What has to be opened by hand first: the browser keeps no copy of a person's own files. */
export function missing(
  inputs: RunInputs,
  model: Pick<ModelState, 'opened'>,
  dataset: Pick<DatasetState, 'opened'>,
): ('model' | 'dataset')[] {
  const needed: ('model' | 'dataset')[] = []
  if (!isEmbedded(inputs) && model.opened?.kind !== 'files') needed.push('model')
  // Where nobody knows which dataset it was, the engine tells whether the one that is open is.
  if (inputs.dataset !== null && !demoOf(inputs) && dataset.opened?.kind !== 'file') needed.push('dataset')
  return needed
}

const inputsOf = ({ modelName }: SavedRun, record: RunRecord | undefined): RunInputs => ({
  model: modelName,
  dataset: record?.dataset ?? null,
})

const isEmbedded = ({ model }: RunInputs): boolean => model === EMBEDDED_MODEL

const demoOf = ({ dataset }: RunInputs): DemoId | null =>
  DEMOS.find((id) => demoFile(id).name === dataset) ?? null

/** Nothing is left to do, and what it made is kept with the history. */
const isComplete = ({ step, totalSteps }: SavedRun, record: RunRecord | undefined): boolean =>
  step >= totalSteps && record !== undefined && record.files.length > 0

async function historyIsOpen({ store }: History): Promise<void> {
  if (store.getState().status === 'ready') return
  await new Promise<void>((resolve) => {
    const stop = store.subscribe(({ status }) => {
      if (status !== 'ready') return
      stop()
      resolve()
    })
  })
}
