import type { TFunction } from 'i18next'
import { formatNumber } from '../../format/numbers.ts'
import type { SpeakerLabel } from '../../stores/playground-state.ts'

/** A column's name: Base, Tuned, the step that was kept, or the adapter's folder or run. */
export function speakerName(
  { source, name, step }: Pick<SpeakerLabel, 'source' | 'name' | 'step'>,
  t: TFunction,
) {
  if (source === 'base' || source === 'run') return t(`playground.speaker.${source}`)
  return name ?? t('playground.speaker.checkpoint', { step: step ?? 0 })
}

/** What exactly spoke: the run's step, and how much of the adapter. */
export function speakerAbout({ source, step, paused, isKept, strength }: SpeakerLabel, t: TFunction): string {
  const about =
    source === 'run'
      ? t(`playground.about.${isKept ? 'runKept' : paused ? 'runPaused' : 'runFinished'}`, {
          step: step ?? 0,
        })
      : t(`playground.about.${source}`, { step: step ?? 0 })
  return strength === 1
    ? about
    : `${about} ${t('playground.about.strength', { value: formatNumber(strength) })}`
}
