import { parseRunConfig } from '../../src/config/parse.ts'
import { PRESETS } from '../../src/config/presets.ts'
import type { ColumnChoice, RunConfig } from '../../src/config/schema.ts'
import { isInputError } from '../../src/util/errors.ts'
import { withValue } from './recipe-fields.ts'
import type { PresetId, RecipeState } from './state.ts'

/** The recipe of a preset, unchanged. */
export const presetRecipe = (id: Exclude<PresetId, 'file'>) => recipeOf(id, presetConfig(id))

export function presetConfig(id: Exclude<PresetId, 'file'>): RunConfig {
  const preset = PRESETS.find((candidate) => candidate.id === id)
  if (!preset) throw new Error(`There is no preset ${id} in src/config/presets.ts`)
  return parseRunConfig(preset.config)
}

export function recipeOf(presetId: PresetId, config: RunConfig) {
  return {
    presetId,
    fileName: null,
    base: config,
    draft: config as Record<string, unknown>,
    config,
    problems: [],
  }
}

/** A recipe for data whose columns are read like this: that is the data's, and no difference from the preset. */
export function readingColumns(
  { base, draft, quickTry }: Pick<RecipeState, 'base' | 'draft' | 'quickTry'>,
  mapping: ColumnChoice | null,
) {
  const reading = <T extends object>(config: T): T => withValue(config, 'data.mapping', mapping)
  const changed = reading(base)
  const next = draft === base ? (changed as Record<string, unknown>) : reading(draft)
  return {
    base: changed,
    draft: next,
    ...checked(next),
    quickTry: quickTry && { ...quickTry, config: reading(quickTry.config) },
  }
}

/** What a draft is as a RunConfig, or what keeps it from being one. */
export function checked(draft: Record<string, unknown>): Pick<RecipeState, 'config' | 'problems'> {
  try {
    return { config: parseRunConfig(draft), problems: [] }
  } catch (error) {
    if (!isInputError(error)) throw error
    return { config: null, problems: error.problems ?? [{ message: error.message }] }
  }
}

/** What of a recipe decides how rows become tokens and batches; a change there reads the file again. */
export function tokenizationKey({ data, train }: RunConfig): string {
  return JSON.stringify([data, train.seed])
}
