import { errorToData } from '../../src/util/errors.ts'
import { isLocked } from './stores.ts'
import type { StudioParts } from './studio.ts'

/** Looking at the quantization without training. */
export function inspectionActions({ engine, stores, preparation }: StudioParts) {
  const { recipe, inspection } = stores
  return {
    /** Quantizes every tensor and measures the error. Takes its turn after what is being prepared. */
    inspect() {
      const { config } = recipe.getState()
      if (!config || isLocked(stores) || inspection.getState().status === 'working') return
      inspection.setState({ status: 'working', tensors: [], error: null })
      void preparation.afterwards(async () => {
        try {
          const tensors = await engine.execute('model/inspect', { config })
          inspection.setState({ status: 'ready', tensors })
        } catch (error) {
          inspection.setState({ status: 'failed', error: errorToData(error) })
        }
      })
    },
  }
}
