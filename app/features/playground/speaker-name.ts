import type { TFunction } from 'i18next'
import { formatNumber } from '../../format/numbers.ts'
import type { SpeakerLabel } from '../../stores/playground-state.ts'

/** A column's name: Base, Tuned, or the adapter's folder. */
export const speakerName = ({ speaker, name }: SpeakerLabel, t: TFunction): string =>
  speaker === 'adapter' ? (name ?? '') : t(`playground.speaker.${speaker}`)

/** What exactly spoke: the run's step, and how much of the adapter. */
export function speakerAbout({ speaker, step, paused, strength }: SpeakerLabel, t: TFunction): string {
  const about =
    speaker === 'run'
      ? t(paused ? 'playground.about.runPaused' : 'playground.about.runFinished', { step: step ?? 0 })
      : t(`playground.about.${speaker}`)
  return strength === 1
    ? about
    : `${about} ${t('playground.about.strength', { value: formatNumber(strength) })}`
}
