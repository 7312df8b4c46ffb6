import { ActionIcon, Checkbox, Group, Select, Switch, TextInput, Tooltip } from '@mantine/core'
import { IconArrowBackUp } from '@tabler/icons-react'
import type { TFunction } from 'i18next'
import { type ReactNode, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Problem } from '../../../src/util/errors.ts'
import { formatExact } from '../../format/numbers.ts'
import type { RecipeField } from '../../stores/recipe-fields.ts'
import { BudgetSlider } from './BudgetSlider.tsx'
import classes from './RecipeFieldInput.module.css'
import { optionName, recipeValue } from './recipe-value.ts'

interface RecipeFieldInputProps {
  field: RecipeField
  value: unknown
  /** The preset's value. */
  original: unknown
  problems: readonly Problem[]
  disabled: boolean
  onChange: (value: unknown) => void
  onReset: () => void
}

/** One setting: its name, range and help, its problems beside it, and a mark where it differs from the preset. */
export function RecipeFieldInput(props: RecipeFieldInputProps) {
  const { field, value, original, problems, disabled, onChange, onReset } = props
  const { t } = useTranslation()
  const differs = JSON.stringify(value) !== JSON.stringify(original)
  const error =
    problems.length > 0
      ? (plainProblem(field, value, t) ?? problems.map(({ message }) => message).join(' '))
      : undefined
  const label = (
    <span className={classes.label}>
      {field.label}
      <span className={classes.unit}>{[unitOf(field), rangeOf(field, t)].filter(Boolean).join(' · ')}</span>
    </span>
  )
  const shared = { disabled, error, description: field.help }
  return (
    <div className={classes.field} data-differs={differs || undefined}>
      <Control {...props} label={label} shared={shared} onChange={onChange} />
      {differs && (
        <Group gap={2} wrap="nowrap" className={classes.mark}>
          <span>{t('recipe.differs', { value: recipeValue(field, original, t) })}</span>
          <Tooltip label={t('recipe.reset', { value: recipeValue(field, original, t) })}>
            <ActionIcon
              variant="subtle"
              size="sm"
              disabled={disabled}
              aria-label={`${field.label}: ${t('recipe.reset', { value: recipeValue(field, original, t) })}`}
              onClick={onReset}
            >
              <IconArrowBackUp size={14} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Group>
      )}
    </div>
  )
}

interface ControlProps extends RecipeFieldInputProps {
  label: ReactNode
  shared: { disabled: boolean; error?: string; description: string }
}

function Control({ field, value, onChange, label, shared }: ControlProps) {
  const { t } = useTranslation()
  switch (field.control) {
    case 'switch':
      return (
        <Switch
          {...shared}
          label={label}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'choice':
      return (
        <Select
          {...shared}
          label={label}
          allowDeselect={false}
          withCheckIcon={false}
          comboboxProps={{ shadow: 'md' }}
          data={field.options.map((option) => ({ value: String(option), label: optionName(option, t) }))}
          value={String(value)}
          onChange={(chosen) => onChange(field.options.find((option) => String(option) === chosen))}
        />
      )
    case 'modules':
      return <Modules field={field} value={value} onChange={onChange} label={label} shared={shared} />
    default:
      return BUDGETS.has(field.path) ? (
        <BudgetSlider value={value} onChange={onChange} label={label} shared={shared} name={field.label} />
      ) : (
        <NumberText field={field} value={value} onChange={onChange} label={label} shared={shared} />
      )
  }
}

/** Settings that are understood as a share of what they limit. */
const BUDGETS: ReadonlySet<string> = new Set([
  'optimizer.paging.gpuBudgetBytes',
  'optimizer.paging.hostBudgetBytes',
])

type PartProps = Pick<ControlProps, 'field' | 'value' | 'onChange' | 'label' | 'shared'>

/** Numbers are typed freely (2e-4 too); what is not one stays in the field, with its problem beside it. */
function NumberText({ field, value, onChange, label, shared }: PartProps) {
  const [text, setText] = useState(textOf(value))
  useEffect(() => {
    setText((shown) => (Object.is(numberOf(shown, field), value) ? shown : textOf(value)))
  }, [value, field])
  return (
    <TextInput
      {...shared}
      label={label}
      inputMode="decimal"
      autoComplete="off"
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        onChange(numberOf(event.currentTarget.value, field))
      }}
    />
  )
}

const textOf = (value: unknown): string => (value === null || value === undefined ? '' : String(value))

/** The number a text stands for, nothing where that is permitted, else the text itself. */
function numberOf(text: string, { nullable }: RecipeField): unknown {
  const trimmed = text.trim()
  if (trimmed === '' && nullable) return null
  const number = Number(trimmed)
  return trimmed === '' || Number.isNaN(number) ? text : number
}

function Modules({ field, value, onChange, label, shared }: PartProps) {
  const { t } = useTranslation()
  const all = field.options.map(String)
  const chosen = Array.isArray(value) ? value.map(String) : all
  const choose = (next: string[]) =>
    onChange(next.length === all.length ? 'all-linear' : all.filter((name) => next.includes(name)))
  return (
    <Checkbox.Group {...shared} label={label} value={chosen} onChange={choose}>
      <div className={classes.modules}>
        {all.map((name) => (
          <Checkbox key={name} value={name} label={name} size="xs" disabled={shared.disabled} />
        ))}
      </div>
      <span className={classes.all}>{value === 'all-linear' && t('recipe.allLinear')}</span>
    </Checkbox.Group>
  )
}

/** Where the name says it already, the unit is left out: Steps, in steps; a slider writes its own beside the value. */
const unitOf = ({ unit, label, path }: RecipeField): string | undefined =>
  unit?.toLowerCase() === label.toLowerCase() || BUDGETS.has(path) ? undefined : unit

/** Larger ends are limits of the file format, not a help to anyone. */
const TELLING_MAX = 1_000_000

function rangeOf({ min, max }: RecipeField, t: TFunction): string | null {
  if (min !== undefined && max !== undefined && max < TELLING_MAX) {
    return t('recipe.range', { min: formatExact(min), max: formatExact(max) })
  }
  return min !== undefined && min > 0 ? t('recipe.from', { min: formatExact(min) }) : null
}

/** What is wrong in the words of the form; null where only the schema can say it. */
function plainProblem(field: RecipeField, value: unknown, t: TFunction): string | null {
  const { control, min, max } = field
  if (control !== 'integer' && control !== 'number') return null
  if (typeof value !== 'number') return t('recipe.mustBeNumber')
  if (control === 'integer' && !Number.isInteger(value)) return t('recipe.mustBeWhole')
  const outside = (min !== undefined && value < min) || (max !== undefined && value > max)
  const range = rangeOf(field, t)
  return outside && range ? t('recipe.mustBe', { range }) : null
}
