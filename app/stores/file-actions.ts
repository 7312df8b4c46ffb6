import type { ColumnChoice } from '../../src/config/schema.ts'
import type { DatasetChoice, ModelChoice } from './state.ts'
import { isLocked } from './stores.ts'
import type { StudioParts } from './studio.ts'

/** Choosing a model and a dataset. */
export function fileActions({ stores, preparation }: StudioParts) {
  const { model, dataset, recipe } = stores
  return {
    openModel(choice: ModelChoice) {
      if (isLocked(stores)) return
      model.setState({ requested: choice, failure: null })
      void preparation.prepare('model')
    },

    openDataset(choice: DatasetChoice) {
      if (isLocked(stores)) return
      // Columns chosen for the data before say nothing of others, unless a recipe was opened for them.
      const { presetId, base } = recipe.getState()
      const forgets = base.data.mapping && (choice.kind === 'demo' || presetId !== 'file')
      dataset.setState({ requested: forgets ? { ...choice, mapping: null } : choice, failure: null })
      void preparation.prepare('dataset')
    },

    /** Reads the columns of a dataset in another way; null: by their names. The data before stay if that fails. */
    chooseColumns(choice: DatasetChoice, mapping: ColumnChoice | null) {
      if (isLocked(stores)) return
      dataset.setState({ requested: { ...choice, mapping } })
      void preparation.prepare('dataset')
    },

    /** Uses the rest of a file in which some rows are bad, or asks for all of them again. */
    skipBadRows(skipBadRows = true) {
      const { opened } = dataset.getState()
      if (isLocked(stores) || opened?.kind !== 'file') return
      dataset.setState({ requested: { ...opened, skipBadRows }, failure: null })
      void preparation.prepare('dataset')
    },

    dismissModelFailure: () => model.setState({ failure: null }),
    dismissDatasetFailure: () => dataset.setState({ failure: null }),
  }
}
