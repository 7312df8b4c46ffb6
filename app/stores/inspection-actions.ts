import type { RunEvent } from '../../src/session/events.ts'
import { errorToData } from '../../src/util/errors.ts'
import { batchEvents } from './event-batch.ts'
import type { InspectionState } from './state.ts'
import { isLocked } from './stores.ts'
import type { StudioParts } from './studio.ts'

/** Looking at the quantization without training. */
export function inspectionActions({ engine, stores, preparation }: StudioParts) {
  const { recipe, inspection } = stores
  let measuring: AbortController | undefined
  return {
    /** Quantizes every tensor and measures the error. Takes its turn after what is being prepared. */
    inspect() {
      const { config } = recipe.getState()
      const before = inspection.getState()
      if (!config || isLocked(stores) || before.status === 'working') return
      const { tensors: kept } = before
      measuring = new AbortController()
      const { signal } = measuring
      inspection.setState({ status: 'working', tensors: [], progress: null, error: null })
      void preparation.afterwards(async () => {
        const batch = batchEvents((events) =>
          inspection.setState((state) => events.reduce(foldInspectionEvent, state)),
        )
        try {
          signal.throwIfAborted()
          const tensors = await engine.execute('model/inspect', { config }, { signal, onEvent: batch.push })
          batch.flush()
          inspection.setState({ status: 'ready', tensors, progress: null })
        } catch (error) {
          batch.flush()
          const status = signal.aborted ? (kept.length > 0 ? 'ready' : 'idle') : 'failed'
          const shown = signal.aborted ? null : errorToData(error)
          inspection.setState({ status, tensors: kept, progress: null, error: shown })
        }
      })
    },

    cancelInspection: () => measuring?.abort(),

    dismissInspectionFailure: () =>
      inspection.setState(({ tensors }) => ({ status: tensors.length > 0 ? 'ready' : 'idle', error: null })),
  }
}

function foldInspectionEvent(state: InspectionState, event: RunEvent): InspectionState {
  if (event.type === 'quant/tensor') return { ...state, tensors: [...state.tensors, event.tensor] }
  if (event.type !== 'run/progress' || event.phase !== 'quantizing') return state
  return { ...state, progress: { done: event.done, total: event.total } }
}
