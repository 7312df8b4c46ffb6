import type { TFunction } from 'i18next'
import { formatBytes, formatExact } from '../../format/numbers.ts'
import type { RecipeField } from '../../stores/recipe-fields.ts'

/** A setting's value in words, for marks and summaries. */
export function recipeValue(field: RecipeField, value: unknown, t: TFunction): string {
  if (value === 'all-linear') return t('recipe.allLinear')
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value === 'boolean') return t(value ? 'recipe.on' : 'recipe.off')
  if (typeof value === 'string') return optionName(value, t)
  if (value === null || value === undefined) return t(field.nullable ? 'recipe.budget.none' : 'app.none')
  if (field.unit === 'bytes') return formatBytes(Number(value))
  const written = formatExact(Number(value))
  return field.unit
    ? t(`recipe.units.${field.unit}` as never, { count: Number(value), value: written })
    : written
}

/** An option by its name in the catalogue; one that has none there is shown as it is written in the file. */
export function optionName(option: string | number, t: TFunction): string {
  return t(`recipe.options.${option}` as never, { defaultValue: String(option) })
}
