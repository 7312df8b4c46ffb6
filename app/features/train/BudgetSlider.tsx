import { Input, Slider, Text } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../../format/numbers.ts'
import { useRecipe } from '../../stores/context.tsx'
import classes from './BudgetSlider.module.css'

interface BudgetSliderProps {
  /** Bytes; null: no limit. */
  value: unknown
  onChange: (value: number | null) => void
  label: ReactNode
  shared: { disabled: boolean; error?: string; description: string }
  name: string
}

/** Its last place stands for "no limit". */
const END = 100

/** A budget for Adam's moments as a share of what they take. */
export function BudgetSlider({ value, onChange, label, shared, name }: BudgetSliderProps) {
  const { t } = useTranslation()
  const totalBytes = useRecipe((recipe) => recipe.plan?.moments?.totalBytes) ?? null
  const settled = placeOf(value, totalBytes)
  const [place, setPlace] = useState(settled)
  useEffect(() => setPlace(settled), [settled])
  const bytesAt = (at: number) =>
    at >= END || totalBytes === null ? null : Math.round((totalBytes * at) / END)
  const words = (at: number): string => {
    const bytes = at === settled && typeof value === 'number' ? value : bytesAt(at)
    if (bytes === null) return t('recipe.budget.none')
    if (bytes === 0) return t('recipe.budget.least')
    return t('recipe.budget.share', {
      bytes: formatBytes(bytes),
      percent: at,
      total: formatBytes(totalBytes),
    })
  }
  return (
    <Input.Wrapper label={label} description={shared.description} error={shared.error} labelElement="div">
      <Slider
        className={classes.slider}
        disabled={shared.disabled || totalBytes === null}
        thumbLabel={`${name}: ${words(place)}`}
        label={null}
        min={0}
        max={END}
        value={place}
        onChange={setPlace}
        onChangeEnd={(at) => onChange(bytesAt(at))}
      />
      <Text size="sm" className="tabular">
        {words(place)}
      </Text>
    </Input.Wrapper>
  )
}

function placeOf(value: unknown, totalBytes: number | null): number {
  if (typeof value !== 'number' || !totalBytes) return END
  return Math.min(END - 1, Math.round((END * value) / totalBytes))
}
