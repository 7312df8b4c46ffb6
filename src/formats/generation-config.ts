import { fileError } from './file-error.ts'
import { JsonFields, parseJsonObject } from './json.ts'
import { tokenIds } from './model-config.ts'

/** The file of a model folder that says how its makers generate. Optional. */
export const GENERATION_CONFIG_FILE = 'generation_config.json'

/**
 * Token ids at which generation ends, by generation_config.json.
 * @throws input/generation-config that names the file and the field
 */
export function generationEosIds(text: string, vocabSize: number): number[] {
  const fields = new JsonFields(
    parseJsonObject(text, GENERATION_CONFIG_FILE, 'generation-config'),
    GENERATION_CONFIG_FILE,
  )
  const ids = tokenIds(fields, 'eos_token_id', vocabSize)
  if (fields.problems.length > 0) throw fileError('generation-config', fields.problems)
  return ids
}
