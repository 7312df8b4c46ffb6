import { z } from 'zod'
import { parseRunConfig } from '../../src/config/parse.ts'
import { type FieldHelp, fieldHelp, type RunConfig, runConfigSchema } from '../../src/config/schema.ts'
import { isInputError } from '../../src/util/errors.ts'

/**
 * The form of a recipe, derived from runConfigSchema: what can be set, how it is called, its range and its help.
 * Nothing is listed by hand, so that a new setting appears by itself and the form can never promise what the engine
 * refuses: an option that parseRunConfig does not accept is not offered.
 */
export interface RecipeField extends FieldHelp {
  /** `lora.rank` */
  path: string
  /** `lora`; the empty string for settings at the top. */
  section: string
  control: 'choice' | 'switch' | 'integer' | 'number' | 'modules'
  /** Of a choice: the values that this version accepts. */
  options: readonly (string | number)[]
  min?: number
  max?: number
  /** Whether it may be left empty. */
  nullable: boolean
}

/** The page keeps every step, and columns are chosen where the data are shown. */
const NOT_IN_THE_FORM: ReadonlySet<string> = new Set(['train.logEvery', 'data.mapping'])

interface JsonSchema extends Partial<FieldHelp> {
  type?: string
  enum?: (string | number)[]
  const?: string | number
  anyOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
}

export function recipeFields(): RecipeField[] {
  const root = z.toJSONSchema(runConfigSchema, { io: 'input', metadata: fieldHelp as never }) as JsonSchema
  return collect(root, '')
    .map(offerOnlyWhatIsAccepted)
    .filter((field) => !NOT_IN_THE_FORM.has(field.path) && isAChoice(field))
}

function collect(schema: JsonSchema, prefix: string): RecipeField[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const path = prefix ? `${prefix}.${key}` : key
    if (property.properties) return collect(property, path)
    const { label, help, unit, depth } = property
    if (label === undefined || help === undefined || depth === undefined) {
      throw new Error(`Setting ${path} has no help in src/config/schema.ts`)
    }
    return [
      {
        label,
        help,
        unit,
        depth,
        path,
        section: path.split('.').slice(0, -1).join('.'),
        ...controlOf(property),
      },
    ]
  })
}

function controlOf(
  schema: JsonSchema,
): Pick<RecipeField, 'control' | 'options' | 'min' | 'max' | 'nullable'> {
  const nullable = schema.anyOf?.some((option) => option.type === 'null') ?? false
  if (schema.enum) return { control: 'choice', options: schema.enum, nullable }
  if (schema.type === 'boolean') return { control: 'switch', options: [], nullable }
  const list = schema.anyOf?.find((option) => option.type === 'array')
  if (list) return { control: 'modules', options: list.items?.enum ?? [], nullable }
  if (schema.anyOf?.every((option) => option.const !== undefined)) {
    return { control: 'choice', options: schema.anyOf.map((option) => option.const as number), nullable }
  }
  const number = schema.anyOf?.find((option) => option.type !== 'null') ?? schema
  const min = number.minimum ?? number.exclusiveMinimum
  const max = number.maximum ?? number.exclusiveMaximum
  const bounded = max !== undefined && max < Number.MAX_SAFE_INTEGER ? max : undefined
  return {
    control: number.type === 'integer' ? 'integer' : 'number',
    options: [],
    min,
    max: bounded,
    nullable,
  }
}

/** Values that would show whether a setting can be changed at all. */
function probes(field: RecipeField): unknown[] {
  if (field.control === 'choice') return [...field.options]
  if (field.control === 'switch') return [false, true]
  if (field.control === 'modules') return field.options.map((option) => [option])
  return [field.min ?? 0, field.min === undefined ? 1 : field.min + 1, field.max].filter(
    (value) => value !== undefined,
  )
}

function offerOnlyWhatIsAccepted(field: RecipeField): RecipeField {
  if (field.control !== 'choice') return field
  return { ...field, options: field.options.filter((option) => isAccepted(field.path, option)) }
}

/** A setting with one permitted value is not a setting. */
function isAChoice(field: RecipeField): boolean {
  if (field.control === 'choice') return field.options.length > 1
  const accepted = probes(field).filter((value) => isAccepted(field.path, value))
  return field.control === 'switch' ? accepted.length > 1 : accepted.length > 0
}

function isAccepted(path: string, value: unknown): boolean {
  try {
    parseRunConfig(withValue({}, path, value))
    return true
  } catch (error) {
    if (isInputError(error)) return false
    throw error
  }
}

type Nested = Record<string, unknown>

/** The value at `lora.rank`. */
export function valueAt(config: RunConfig | Nested, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Nested | undefined)?.[key], config)
}

/** A copy with another value at `lora.rank`. */
export function withValue<T extends object>(config: T, path: string, value: unknown): T {
  const [key, ...rest] = path.split('.')
  const child = (config as Nested)[key]
  return {
    ...config,
    [key]: rest.length === 0 ? value : withValue((child ?? {}) as Nested, rest.join('.'), value),
  }
}

/** Paths of the settings in which two recipes differ. */
export function differences(fields: readonly RecipeField[], one: object, other: object): string[] {
  return fields
    .map((field) => field.path)
    .filter(
      (path) =>
        JSON.stringify(valueAt(one as Nested, path)) !== JSON.stringify(valueAt(other as Nested, path)),
    )
}
