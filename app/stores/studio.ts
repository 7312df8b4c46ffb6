import type { Engine } from '../../src/session/engine.ts'
import { deviceActions } from './device-actions.ts'
import { fileActions } from './file-actions.ts'
import { createHistory } from './history.ts'
import { memoryEntries } from './history-entries.ts'
import { pageLiveness } from './history-liveness.ts'
import { recordRuns, runStart } from './history-recorder.ts'
import { inspectionActions } from './inspection-actions.ts'
import { createPreparation, type Preparation } from './preparation.ts'
import { recipeActions } from './recipe-actions.ts'
import { runActions } from './run-actions.ts'
import { createStores, type Stores } from './stores.ts'

/** What every part of the studio is made of. */
export interface StudioParts {
  engine: Engine
  stores: Stores
  preparation: Preparation
}

/** A history that is forgotten with the page. */
const PAGE_ONLY = { entries: memoryEntries(), liveness: pageLiveness }

/**
 * The studio between engine and screen: stores that components read, and what a person can do. Knows no component and
 * no browser API beyond what the engine needs. A feature with a store of its own joins here, in one line.
 */
export function createStudio(engine: Engine, history = createHistory(PAGE_ONLY)) {
  const stores = createStores()
  const parts: StudioParts = { engine, stores, preparation: createPreparation(engine, stores) }
  const exportFiles = () => engine.execute('run/export', {})
  recordRuns({ run: stores.run, history, describe: () => runStart(stores), exportFiles })
  return {
    stores,
    history,
    ...deviceActions(parts),
    ...fileActions(parts),
    ...recipeActions(parts),
    ...runActions(parts),
    ...inspectionActions(parts),
  }
}

export type Studio = ReturnType<typeof createStudio>
