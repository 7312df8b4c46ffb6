import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { formatExact } from '../../format/numbers.ts'
import { useStudio } from '../../stores/context.tsx'
import { optionName } from '../train/recipe-value.ts'

/** The name of a setting as the recipe's form calls it; its path where the form does not know it. */
export function useSettingName(): (path: string) => string {
  const { t } = useTranslation()
  const { fields } = useStudio()
  return useMemo(() => {
    const labels = new Map(fields.map(({ path, label }) => [path, label]))
    for (const path of ['model', 'dataset', 'device'] as const)
      labels.set(path, t(`runs.differences.${path}`))
    return (path) => labels.get(path) ?? (path.startsWith('data.mapping') ? columnsName(path, t) : path)
  }, [fields, t])
}

/** A part of how the columns were read: `data.mapping.answer`. */
function columnsName(path: string, t: TFunction): string {
  const role = path.split('.')[2]
  return role ? t('runs.differences.columnsOf', { role }) : t('runs.differences.columns')
}

/** The value of a setting in words. */
export function SettingValue({ value }: { value: string | number | boolean | null | undefined }) {
  const { t } = useTranslation()
  if (value === undefined || value === null || value === '') return t('runs.differences.none')
  if (typeof value === 'boolean') return t(value ? 'runs.differences.on' : 'runs.differences.off')
  return typeof value === 'number' ? formatExact(value) : optionName(value, t)
}
