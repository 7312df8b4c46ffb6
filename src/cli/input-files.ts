import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { inputError, type Problem } from '../util/errors.ts'

/** A model folder as it lies on the disk; the engine judges what the files hold. */
export interface ModelFolder {
  /** Absolute. */
  path: string
  /** The folder's own name. */
  name: string
  /** Absolute paths of the files that belong to a model. */
  files: string[]
}

const MODEL_FILES =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json$|^chat_template\.(jinja|json)$|\.safetensors(\.index\.json)?$/

/**
 * Lists a Hugging Face model folder.
 * @throws input/model naming everything that is missing
 */
export function modelFolder(path: string): ModelFolder {
  const absolute = resolve(path)
  const kind = kindOf(absolute)
  if (kind !== 'folder') {
    const what = kind === 'missing' ? 'does not exist' : 'is a file, not a folder'
    throw inputError('model', [
      {
        message: `--model ${path} ${what}`,
        fix: 'Name the folder that holds config.json and model.safetensors.',
      },
    ])
  }
  const names = readdirSync(absolute).sort()
  const problems: Problem[] = []
  const missing = (what: string) =>
    problems.push({
      message: `--model ${path} has no ${what}`,
      fix: 'Give the whole Hugging Face folder of the model.',
    })
  if (!names.includes('config.json')) missing('config.json')
  if (!names.some((name) => name.endsWith('.safetensors'))) missing('model.safetensors')
  if (problems.length > 0) throw inputError('model', problems)
  const files = names.filter((name) => MODEL_FILES.test(name)).map((name) => join(absolute, name))
  return { path: absolute, name: absolute.split(/[\\/]/).filter(Boolean).at(-1) ?? 'model', files }
}

/**
 * Absolute path of a file that an option names.
 * @throws input/file when it is missing or no file
 */
export function inputFile(option: string, path: string): string {
  const absolute = resolve(path)
  const kind = kindOf(absolute)
  if (kind === 'file') return absolute
  const what = kind === 'missing' ? 'does not exist' : 'is a folder, not a file'
  throw inputError('file', [{ message: `--${option} ${path} ${what}`, fix: 'Check the path.' }])
}

/**
 * The two files of a PEFT adapter folder, config first.
 * @throws input/adapter naming everything that is missing
 */
export function adapterFiles(path: string): [config: string, weights: string] {
  const folder = resolve(path)
  const kind = kindOf(folder)
  const fix = 'Name a PEFT folder: adapter_config.json and adapter_model.safetensors.'
  if (kind !== 'folder') {
    throw inputError('adapter', [
      {
        message: `--adapter ${path} ${kind === 'missing' ? 'does not exist' : 'is a file, not a folder'}`,
        fix,
      },
    ])
  }
  const files = ['adapter_config.json', 'adapter_model.safetensors'] as const
  const missing = files.filter((name) => kindOf(join(folder, name)) !== 'file')
  if (missing.length > 0)
    throw inputError(
      'adapter',
      missing.map((name) => ({ message: `--adapter ${path} has no ${name}`, fix })),
    )
  return [join(folder, files[0]), join(folder, files[1])]
}

/**
 * The JSON of a settings file.
 * @throws input/json with the file and the place of the fault
 */
export function readJson(option: string, path: string): unknown {
  const text = readFileSync(inputFile(option, path), 'utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw inputError('json', [
      { message: `--${option} ${path} is not valid JSON: ${why}`, fix: 'Correct it at that place.' },
    ])
  }
}

function kindOf(path: string): 'missing' | 'file' | 'folder' {
  if (!existsSync(path)) return 'missing'
  return statSync(path).isDirectory() ? 'folder' : 'file'
}
