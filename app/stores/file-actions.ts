import type { DatasetChoice, ModelChoice } from './state.ts'
import { isLocked } from './stores.ts'
import type { StudioParts } from './studio.ts'

/** Choosing a model and a dataset. */
export function fileActions({ stores, preparation }: StudioParts) {
  const { model, dataset } = stores
  return {
    openModel(choice: ModelChoice) {
      if (isLocked(stores)) return
      model.setState({ requested: choice, failure: null })
      void preparation.prepare('model')
    },

    openDataset(choice: DatasetChoice) {
      if (isLocked(stores)) return
      dataset.setState({ requested: choice, failure: null })
      void preparation.prepare('dataset')
    },

    /** Uses the rest of a file in which some rows are bad. */
    skipBadRows() {
      const { opened } = dataset.getState()
      if (isLocked(stores) || opened?.kind !== 'file') return
      dataset.setState({ requested: { ...opened, skipBadRows: true }, failure: null })
      void preparation.prepare('dataset')
    },

    dismissModelFailure: () => model.setState({ failure: null }),
    dismissDatasetFailure: () => dataset.setState({ failure: null }),
  }
}
