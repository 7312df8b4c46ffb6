import { parseRunConfig } from '../../src/config/parse.ts'
import { PRESETS } from '../../src/config/presets.ts'
import type { RunConfig } from '../../src/config/schema.ts'
import { isInputError } from '../../src/util/errors.ts'
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
