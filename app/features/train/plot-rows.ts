import { useTranslation } from 'react-i18next'
import type { MetricName } from '../../../src/session/events.ts'
import type { StepSeries } from '../../stores/step-series.ts'

/** What cannot be drawn becomes a gap. */
export const finiteOrNull = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && Number.isFinite(value) ? value : null

/** Says what the picture leaves out: values that are not numbers, steps thinned away, spikes cut off. */
export function usePlotNote(steps: StepSeries, metric: MetricName, shown: number, above = 0): string | null {
  const { t } = useTranslation()
  const notFinite = steps.notFinite(metric)
  const sentences = []
  if (notFinite > 0) sentences.push(t('cards.notFinite', { count: notFinite }))
  if (above > 0) sentences.push(t('cards.above', { count: above }))
  if (shown < steps.length) sentences.push(t('cards.thinned', { shown, count: steps.length }))
  return sentences.length > 0 ? sentences.join(' ') : null
}
