import { fileError } from './file-error.ts'
import { JsonFields, parseJsonObject, shown } from './json.ts'

export const ADAPTER_CONFIG_FILE = 'adapter_config.json'

/** What a PEFT adapter_config.json says about a LoRA adapter. */
export interface AdapterConfig {
  readonly rank: number
  readonly alpha: number
  readonly dropout: number
  /** scaling = alpha / √rank instead of alpha / rank. */
  readonly useRslora: boolean
  readonly useDora: boolean
  /** Ends of module names (`q_proj`, `mlp.down_proj`), or `all-linear`. */
  readonly targetModules: readonly string[]
  readonly baseModelName: string | null
}

/** Whether `module` (`model.layers.0.self_attn.q_proj`) is one of the targets, by PEFT's rule for lists. */
export function isTargetModule(module: string, targetModules: readonly string[]): boolean {
  return targetModules.some(
    (target) => target === 'all-linear' || module === target || module.endsWith(`.${target}`),
  )
}

/** Fields that say nothing about the adapted model's arithmetic. */
const HARMLESS = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'inference_mode',
  'lora_dropout',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'task_type',
])

const READ_HERE = new Set(['peft_type', 'r', 'lora_alpha', 'use_rslora', 'use_dora', 'target_modules'])

/** Values of other fields under which they change nothing. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  bias: ['none'],
  init_lora_weights: [true, 'gaussian', 'eva', 'orthogonal'],
}

const isEmpty = (value: unknown) =>
  value === null ||
  value === false ||
  (typeof value === 'object' && Object.keys(value as object).length === 0)

/**
 * Parses adapter_config.json.
 * @throws input/adapter with every problem; whatever changes the arithmetic and is not supported is refused by name
 */
export function parseAdapterConfig(text: string, fileName = ADAPTER_CONFIG_FILE): AdapterConfig {
  const fields = new JsonFields(
    parseJsonObject(text, fileName, 'adapter'),
    fileName,
    `correct the field, or take ${fileName} from the adapter again`,
  )
  const { object } = fields
  if (object.peft_type !== 'LORA') {
    fields.fail(
      'peft_type',
      `${shown(object.peft_type ?? null)} is not supported, only "LORA"`,
      'use a LoRA adapter',
    )
  }
  if (fields.has('task_type') && object.task_type !== 'CAUSAL_LM') {
    fields.fail(
      'task_type',
      `${shown(object.task_type)} is not supported, only "CAUSAL_LM"`,
      'use an adapter of a text model',
    )
  }
  for (const [name, value] of Object.entries(object)) {
    const known =
      HARMLESS.has(name) || READ_HERE.has(name) || isEmpty(value) || NEUTRAL[name]?.includes(value)
    if (!known)
      fields.fail(name, `${shown(value)} is not supported`, 'train the adapter as plain LoRA without it')
  }
  const config: AdapterConfig = {
    rank: fields.integer('r', { min: 1, max: 4096 }),
    alpha: fields.number('lora_alpha', { min: Number.MIN_VALUE, max: 1e6 }),
    dropout: fields.number('lora_dropout', { min: 0, max: 0.999, fallback: 0 }),
    useRslora: fields.boolean('use_rslora', false),
    useDora: fields.boolean('use_dora', false),
    targetModules: readTargets(fields),
    baseModelName: fields.string('base_model_name_or_path'),
  }
  if (fields.problems.length > 0) throw fileError('adapter', fields.problems)
  return config
}

function readTargets(fields: JsonFields): string[] {
  const value = fields.object.target_modules
  if (value === 'all-linear') return [value]
  const isList =
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name)
  if (isList) return value
  fields.fail(
    'target_modules',
    `must be a list of module names or "all-linear", found ${shown(value ?? null)}`,
    'write the names of the adapted modules, such as ["q_proj", "v_proj"]',
  )
  return []
}

/** adapter_config.json as PEFT reads it, fields always in the same order. */
export function formatAdapterConfig(config: AdapterConfig): string {
  const json = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: config.baseModelName,
    r: config.rank,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    target_modules:
      config.targetModules.length === 1 && config.targetModules[0] === 'all-linear'
        ? 'all-linear'
        : config.targetModules,
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    inference_mode: true,
    use_rslora: config.useRslora,
    use_dora: config.useDora,
    modules_to_save: null,
    rank_pattern: {},
    alpha_pattern: {},
  }
  return `${JSON.stringify(json, null, 2)}\n`
}
