import type { OutputFile } from '../../src/session/files.ts'
import type { StepRows } from '../../src/session/reports.ts'
import { throwIfCancelled, unlessCancelled } from '../../src/util/abort.ts'
import { errorToData } from '../../src/util/errors.ts'
import { batchEvents } from './event-batch.ts'
import { readyToStart } from './preparation.ts'
import { failRun, finishRun, foldRunEvent, idleRun, isLive, startingRun } from './run.ts'
import { samplesArgs } from './samples.ts'
import { PAGE_STORAGE, type SavedRun } from './saved-runs.ts'
import { isLocked } from './stores.ts'
import type { StudioParts } from './studio.ts'

const NOT_STARTED = 'The run was stopped before it was started'

/** Starting a run, steering it, and what it leaves. */
export function runActions({ engine, stores, preparation, verification }: StudioParts) {
  const { model, dataset, recipe, samples, run } = stores
  let flushEvents = () => {}
  /** Of a run that the engine has not been asked for yet. */
  let asking: AbortController | null = null
  const isPrepared = () => readyToStart(model.getState(), dataset.getState(), recipe.getState())

  /** A control that fails is a line in the run's log, not its end. */
  async function control(name: 'run/pause' | 'run/resume' | 'run/stop' | 'run/save') {
    try {
      await engine.execute(name, {})
    } catch (error) {
      const { code, message, hint } = errorToData(error)
      run.setState((state) => foldRunEvent(state, { type: 'run/warning', code, message, fix: hint }))
    }
  }

  return {
    /** Starts a run with the recipe as it stands, or goes on with one that was saved. */
    async start(saved?: SavedRun) {
      const { config } = recipe.getState()
      if (!config || isLocked(stores) || !isPrepared()) return
      const { step = 0, totalSteps = 0 } = saved ?? {}
      run.setState({ ...startingRun, step, totalSteps }, true)
      const batch = batchEvents((events) => run.setState((state) => events.reduce(foldRunEvent, state)))
      flushEvents = batch.flush
      const resume = saved && { runId: saved.runId }
      const stop = new AbortController()
      asking = stop
      try {
        await unlessCancelled(preparation.settled(), stop.signal, NOT_STARTED)
        await verification.ensure(stop.signal)
        throwIfCancelled(stop.signal, NOT_STARTED)
        asking = null
        const asked = samplesArgs(samples.getState())
        const args = { config, storage: PAGE_STORAGE, samples: asked, ...(resume && { resume }) }
        const summary = await engine.execute('run/start', args, { onEvent: batch.push })
        batch.flush()
        run.setState((state) => finishRun(state, summary))
      } catch (error) {
        batch.flush()
        if (stop.signal.aborted) run.setState(idleRun, true)
        else run.setState((state) => failRun(state, errorToData(error)))
      } finally {
        asking = null
      }
    },

    /** Folds what the engine has told and the screen has not shown yet. */
    flushEvents: () => flushEvents(),

    pause: () => control('run/pause'),
    resume: () => control('run/resume'),
    /** Keeps a checkpoint at the end of the step under way; resolves when it is there. */
    save: () => control('run/save'),
    /** Before the first step the page is then as it was before Start. */
    stop() {
      if (asking) {
        asking.abort()
        return Promise.resolve()
      }
      run.setState((state) => (isLive(state.status) ? { ...state, status: 'stopping' } : state))
      return control('run/stop')
    },

    /** What a step of this page's run is trained on. */
    rowsOfStep: (step: number): Promise<StepRows> => engine.execute('data/rows-of-step', { step }),

    /** Puts the finished run away, so that the recipe can be changed for another. */
    newRun() {
      if (!isLocked(stores)) run.setState(idleRun, true)
    },

    /** The adapter as PEFT files, as it stands. */
    exportAdapter: (): Promise<OutputFile[]> => engine.execute('run/export', {}),
  }
}
