import { createStore } from 'zustand/vanilla'
import { presetRecipe } from './recipe-state.ts'
import { idleRun, isLive, type RunState } from './run.ts'
import { initialSamples, type SamplesState } from './samples.ts'
import type { DatasetState, DeviceState, InspectionState, ModelState, RecipeState } from './state.ts'

/** The stores that preparing and running share, before anything has happened. Other features bring their own. */
export function createStores() {
  return {
    device: createStore<DeviceState>(() => ({
      status: 'checking',
      report: null,
      obstacle: null,
      error: null,
    })),
    model: createStore<ModelState>(() => ({
      status: 'empty',
      requested: { kind: 'embedded' },
      opened: null,
      summary: null,
      progress: null,
      failure: null,
    })),
    dataset: createStore<DatasetState>(() => ({
      status: 'empty',
      requested: { kind: 'demo', id: 'us-state-capitals' },
      opened: null,
      summary: null,
      progress: null,
      failure: null,
    })),
    recipe: createStore<RecipeState>(() => ({
      ...presetRecipe('quick-try'),
      fileFailure: null,
      measuring: false,
      measureProgress: null,
      quickTry: null,
      measureError: null,
      planning: false,
      plan: null,
      planError: null,
    })),
    samples: createStore<SamplesState>(() => initialSamples),
    run: createStore<RunState>(() => idleRun),
    inspection: createStore<InspectionState>(() => idleInspection),
  }
}

export const idleInspection: InspectionState = { status: 'idle', tensors: [], progress: null, error: null }

export type Stores = ReturnType<typeof createStores>

/** While the engine is at work on a run, model, data and recipe stay as they are. */
export const isLocked = ({ run }: Stores): boolean => isLive(run.getState().status)
