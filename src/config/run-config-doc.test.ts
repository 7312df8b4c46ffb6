import { expect, it } from 'vitest'
import { z } from 'zod'
import { fieldHelp, runConfigSchema } from './schema.ts'

/** docs/run-config.md is written from the schema; `npx vitest run --project unit -u` brings it up to date. */
it('documents every setting with its default, range and help', async () => {
  const rows: string[] = []
  walk(runConfigSchema, '')
  expect(rows.length).toBeGreaterThan(35)
  const text = [
    '# Run config',
    '',
    'The page saves and opens this file, and the terminal takes it as `--config`. Every setting may be left out; a setting',
    'that is not listed here is refused.',
    '',
    '| setting | permitted | default | what it does |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
  await expect(text).toMatchFileSnapshot('../../docs/run-config.md')

  function walk(schema: z.ZodType, path: string): void {
    const json = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema
    if (schema instanceof z.ZodObject) {
      for (const [key, field] of Object.entries(schema.shape))
        walk(field as z.ZodType, path ? `${path}.${key}` : key)
      return
    }
    if (schema instanceof z.ZodPrefault) {
      walk(schema.unwrap() as z.ZodType, path)
      return
    }
    const help = fieldHelp.get(schema)
    expect(help, `${path} has no help`).toBeDefined()
    const unit = help?.unit ? ` (${help.unit})` : ''
    rows.push(
      `| \`${path}\` | ${permitted(json)}${unit} | \`${JSON.stringify(json.default)}\` | ${help?.help} |`,
    )
  }
})

/** The few keywords of JSON Schema that the run config uses. */
interface JsonSchema {
  type?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  default?: unknown
}

function permitted(json: JsonSchema): string {
  if (json.enum) return json.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' ')
  if (json.const !== undefined) return `\`${JSON.stringify(json.const)}\``
  const options = json.anyOf ?? json.oneOf
  if (options) return [...new Set(options.map((option) => permitted(option)))].join(' ')
  if (json.properties) return `\`${objectOf(json.properties, json.required ?? [])}\``
  if (json.type === 'array') return `list of ${permitted(json.items ?? {})}`
  const low = json.minimum ?? json.exclusiveMinimum
  const high = json.maximum ?? json.exclusiveMaximum
  const bounds = [
    ...(low !== undefined && low > Number.MIN_SAFE_INTEGER
      ? [`${json.exclusiveMinimum !== undefined ? 'above' : 'from'} ${low}`]
      : []),
    ...(high !== undefined && high < Number.MAX_SAFE_INTEGER
      ? [`${json.exclusiveMaximum !== undefined ? 'below' : 'to'} ${high}`]
      : []),
  ]
  return [json.type === 'null' ? '`null`' : `${json.type}`, ...bounds].join(' ')
}

/** `{"shape": "text", "text": …}` */
function objectOf(properties: Record<string, JsonSchema>, required: readonly string[]): string {
  const members = Object.entries(properties).map(([key, { const: value, type }]) => {
    const shown = value === undefined ? (type === 'array' ? '[…]' : '…') : JSON.stringify(value)
    return `"${key}"${required.includes(key) ? '' : '?'}: ${shown}`
  })
  return `{${members.join(', ')}}`
}
