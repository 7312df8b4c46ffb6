import type { RunEvent } from '../../src/session/events.ts'
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

const uncheckedWarning: RunEvent = {
  type: 'run/warning',
  code: 'device/unverified',
  message: 'This run was started without the check that the graphics card computes correctly',
  fix: 'Check it on the page of the device before you rely on what it has learned.',
}

const NOT_STARTED = 'The run was stopped before it was started'

/** Starting a run, steering it, and what it leaves. */
export function runActions({ engine, stores, preparation, verification }: StudioParts) {
  const { model, dataset, recipe, samples, run } = stores
  let flushEvents = () => {}
  /** Of a run that the engine has not been asked for yet. */
  let asking: AbortController | null = null
  /** What was asked for when there was no verdict on the device. */
  let heldBack: SavedRun | undefined
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

  /** Starts a run with the recipe as it stands, or goes on with one that was saved. */
  async function start(saved?: SavedRun) {
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
      heldBack = saved
      let isUnchecked = !(await verification.ensure(stop.signal))
      throwIfCancelled(stop.signal, NOT_STARTED)
      asking = null
      const asked = samplesArgs(samples.getState())
      const args = { config, storage: PAGE_STORAGE, samples: asked, ...(resume && { resume }) }
      const onEvent = (event: RunEvent) => {
        batch.push(event)
        if (event.type === 'run/started' && isUnchecked) {
          isUnchecked = false
          batch.push(uncheckedWarning)
        }
      }
      const summary = await engine.execute('run/start', args, { onEvent })
      batch.flush()
      run.setState((state) => finishRun(state, summary))
    } catch (error) {
      batch.flush()
      const data = errorToData(error)
      // The person is told where the device is (VerificationNotice), and decides there.
      if (stop.signal.aborted || data.code === 'device/unverified') run.setState(idleRun, true)
      else run.setState((state) => failRun(state, data))
    } finally {
      asking = null
    }
  }

  return {
    start,
    /** Checks the device again for the run that was held back, which then begins. */
    startHeldBack: () => start(heldBack),
    /** The run that was held back begins without a verdict on the device: only when a person says so. */
    startUnchecked() {
      verification.waive()
      return start(heldBack)
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
