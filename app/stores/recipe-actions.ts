import { parseRunConfig } from '../../src/config/parse.ts'
import { errorToData, inputError } from '../../src/util/errors.ts'
import { differences, type RecipeField, recipeFields, valueAt, withValue } from './recipe-fields.ts'
import { checked, presetConfig, readingColumns, recipeOf } from './recipe-state.ts'
import type { PresetId } from './state.ts'
import { isLocked } from './stores.ts'
import type { StudioParts } from './studio.ts'

/** Typing in a form asks for a new plan this long after the last key. */
const EDIT_DELAY_MS = 350

/** Choosing and changing the recipe. */
export function recipeActions({ stores, preparation }: StudioParts) {
  const { recipe } = stores
  const fields: readonly RecipeField[] = recipeFields()
  let editTimer: ReturnType<typeof setTimeout> | undefined

  function setDraft(changed: Record<string, unknown>) {
    const { base } = recipe.getState()
    const draft =
      differences(fields, base, changed).length === 0 ? (base as Record<string, unknown>) : changed
    recipe.setState({ draft, ...checked(draft), planning: true })
    clearTimeout(editTimer)
    editTimer = setTimeout(preparation.replan, EDIT_DELAY_MS)
  }

  return {
    fields,

    choosePreset(id: Exclude<PresetId, 'file'>) {
      if (isLocked(stores)) return
      const { quickTry, base } = recipe.getState()
      const config = id === 'quick-try' && quickTry ? quickTry.config : presetConfig(id)
      clearTimeout(editTimer)
      recipe.setState({ ...recipeOf(id, config), fileFailure: null })
      if (base.data.mapping) recipe.setState((state) => readingColumns(state, base.data.mapping))
      if (id === 'quick-try' && !quickTry) void preparation.prepare('measure')
      else preparation.replan()
    },

    editField(path: string, value: unknown) {
      if (isLocked(stores)) return
      setDraft(withValue(recipe.getState().draft, path, value))
    },

    resetField(path: string) {
      if (isLocked(stores)) return
      const { draft, base } = recipe.getState()
      setDraft(withValue(draft, path, valueAt(base, path)))
    },

    /** Takes a RUN.json; the recipe before stays when it cannot be used. */
    openRecipe(name: string, text: string) {
      if (isLocked(stores)) return
      try {
        const written = parseJson(name, text)
        const config = parseRunConfig(written)
        const { mapping } = recipe.getState().base.data
        recipe.setState({ ...recipeOf('file', config), fileName: name, fileFailure: null })
        // A file that does not say how columns are read leaves that as it is.
        if (mapping && valueAt(written as Record<string, unknown>, 'data.mapping') === undefined)
          recipe.setState((state) => readingColumns(state, mapping))
        preparation.replan()
      } catch (error) {
        recipe.setState({ fileFailure: { name, error: errorToData(error) } })
      }
    },

    dismissRecipeFailure: () => recipe.setState({ fileFailure: null }),

    /** Plans again after a failure that may have passed. */
    retryPlan: () => void preparation.prepare('plan'),
  }
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw inputError('config', [
      {
        message: `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
        fix: 'Choose a RUN.json that this page or the terminal has written.',
      },
    ])
  }
}
