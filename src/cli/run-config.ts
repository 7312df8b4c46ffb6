import { parseRunConfig } from '../config/parse.ts'
import { LINEAR_MODULES, type LinearModule, type RunConfig } from '../config/schema.ts'
import type { AdapterConfig } from '../formats/adapter-config.ts'
import { inputError, type Problem } from '../util/errors.ts'

type LoraSettings = Pick<RunConfig['lora'], 'rank' | 'alpha' | 'targetModules' | 'useRslora' | 'useDora'>

/**
 * The RunConfig of a command: what RUN.json says, what the adapter fixes, and the defaults.
 * @param written RUN.json as parsed, undefined without one
 * @throws input/config with every problem, conflicts between the two files among them
 */
export function commandConfig(written: unknown, adapter?: AdapterConfig): RunConfig {
  const config = parseRunConfig(written)
  if (!adapter) return config
  if (config.method === 'full') {
    throw inputError('config', [
      {
        path: 'method',
        message:
          'Method "full" trains and runs every weight of the model itself, but --adapter names an adapter',
        fix: 'Leave --adapter out, or choose method "lora" or "qlora".',
      },
    ])
  }
  const fixed = settingsOf(adapter)
  const explicit = (written as { lora?: Partial<LoraSettings> } | undefined)?.lora ?? {}
  const problems: Problem[] = []
  for (const key of Object.keys(fixed) as (keyof LoraSettings)[]) {
    if (explicit[key] === undefined || sameSetting(explicit[key], fixed[key])) continue
    problems.push({
      message: `Setting "lora.${key}" is ${JSON.stringify(explicit[key])}, but the adapter was made with ${JSON.stringify(fixed[key])}`,
      fix: `Remove "lora.${key}" from the run config: the adapter decides it.`,
    })
  }
  if (problems.length > 0) throw inputError('config', problems)
  // Ranges and what this version lacks hold for an adapter's settings too.
  return parseRunConfig({ ...config, lora: { ...config.lora, ...fixed } })
}

/** An adapter's settings in the words of RunConfig. @throws input/adapter for modules that no adapter can sit on here */
function settingsOf(adapter: AdapterConfig): LoraSettings {
  const { rank, alpha, useRslora, useDora } = adapter
  const last = adapter.targetModules.map((module) => module.split('.').at(-1) ?? module)
  if (last.includes('all-linear')) return { rank, alpha, useRslora, useDora, targetModules: 'all-linear' }
  const unknown = last.filter((module) => !isLinearModule(module))
  if (unknown.length > 0) {
    throw inputError(
      'adapter',
      unknown.map((module) => ({
        message: `adapter_config.json: "target_modules" names "${module}", which cannot be adapted here`,
        fix: `Use an adapter of ${LINEAR_MODULES.join(', ')}.`,
      })),
    )
  }
  const modules = LINEAR_MODULES.filter((module) => last.includes(module))
  return {
    rank,
    alpha,
    useRslora,
    useDora,
    targetModules: modules.length === LINEAR_MODULES.length ? 'all-linear' : modules,
  }
}

const isLinearModule = (word: string): word is LinearModule =>
  (LINEAR_MODULES as readonly string[]).includes(word)

function sameSetting(a: unknown, b: unknown): boolean {
  const modules = (value: unknown) => (value === 'all-linear' ? [...LINEAR_MODULES] : value)
  const [left, right] = [modules(a), modules(b)]
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right
  return `${[...new Set(left)].sort()}` === `${[...new Set(right)].sort()}`
}
