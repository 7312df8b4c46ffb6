import type { Engine } from '../../src/session/engine.ts'
import { deviceActions } from './device-actions.ts'
import { fileActions } from './file-actions.ts'
import { goldenFiles } from './golden-files.ts'
import { createHistory } from './history.ts'
import { memoryEntries } from './history-entries.ts'
import { pageLiveness } from './history-liveness.ts'
import { recordRuns, runStart } from './history-recorder.ts'
import { inspectionActions } from './inspection-actions.ts'
import { createPlayground } from './playground.ts'
import { createPreparation, type Preparation } from './preparation.ts'
import { recipeActions } from './recipe-actions.ts'
import { runActions } from './run-actions.ts'
import { samplesActions } from './samples-actions.ts'
import { createSavedRuns } from './saved-runs.ts'
import { createStores, type Stores } from './stores.ts'
import { createVerification, type Verification } from './verification.ts'

/** What every part of the studio is made of. */
export interface StudioParts {
  engine: Engine
  stores: Stores
  preparation: Preparation
  verification: Verification
}

/** A history that is forgotten with the page. */
const PAGE_ONLY = { entries: memoryEntries(), liveness: pageLiveness }

/** Verdicts on devices that are forgotten with the page. */
const FORGETFUL = { entries: memoryEntries(), browser: '', build: '', golden: goldenFiles }

/**
 * The studio between engine and screen: stores that components read, and what a person can do. Knows no component and
 * no browser API beyond what the engine needs. A feature with a store of its own joins here, in one line.
 */
export function createStudio(
  inner: Engine,
  history = createHistory(PAGE_ONLY),
  verification = createVerification(inner, FORGETFUL),
) {
  const { engine } = verification
  const stores = createStores()
  const parts: StudioParts = { engine, stores, preparation: createPreparation(engine, stores), verification }
  const exportFiles = () => engine.execute('run/export', {})
  const recorder = recordRuns({ run: stores.run, history, describe: () => runStart(stores), exportFiles })
  const { flushEvents, ...running } = runActions(parts)
  return {
    stores,
    history,
    verification,
    savedRuns: createSavedRuns(parts, history, running.start),
    playground: createPlayground(parts),
    ...deviceActions(parts),
    ...fileActions(parts),
    ...recipeActions(parts),
    ...samplesActions(parts),
    ...running,
    ...inspectionActions(parts),
    /** Keeps what has been measured so far: the page may go at any moment. */
    keepNow() {
      flushEvents()
      recorder.writeNow()
    },
  }
}

export type Studio = ReturnType<typeof createStudio>
