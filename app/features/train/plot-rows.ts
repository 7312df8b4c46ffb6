import { useTranslation } from 'react-i18next'

/** What cannot be drawn becomes a gap. */
export const finiteOrNull = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && Number.isFinite(value) ? value : null

/** Says what the picture leaves out: values that are not numbers, and steps thinned away. */
export function usePlotNote(values: readonly (number | null | undefined)[], shown: number): string | null {
  const { t } = useTranslation()
  const notFinite = values.filter((value) => typeof value === 'number' && !Number.isFinite(value)).length
  const sentences = []
  if (notFinite > 0) sentences.push(t('cards.notFinite', { count: notFinite }))
  if (shown < values.length) sentences.push(t('cards.thinned', { shown, count: values.length }))
  return sentences.length > 0 ? sentences.join(' ') : null
}
