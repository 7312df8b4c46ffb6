import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { thin } from '../../charts/decimate.ts'
import { StackPlot } from '../../charts/StackPlot.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatInteger, formatNumber, formatPercent } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import { type PartOfTime, type StepPart, shareName, stepTimes } from './step-time.ts'

const COLORS: Record<StepPart, string> = {
  forward: 'var(--nibble-time-forward)',
  backward: 'var(--nibble-time-backward)',
  update: 'var(--nibble-time-update)',
  gpu: 'var(--nibble-time-gpu)',
  paging: 'var(--nibble-time-paging)',
  waiting: 'var(--nibble-time-waiting)',
}

/** Where the time of every step went: forward, backward, update, pages, waiting. */
export function StepTimeCard({ className }: { className?: string }) {
  const { t } = useTranslation()
  const steps = useRun((run) => run.steps)
  const totalSteps = useRun((run) => run.totalSteps)
  const { parts, totals, places, xs } = useMemo(() => {
    const times = stepTimes(steps)
    const places = thin(times.totals).filter((place) => Number.isFinite(times.totals[place]))
    const all = steps.steps
    return { ...times, places, xs: places.map((place) => all[place]) }
  }, [steps])
  const layers = useMemo(
    () =>
      parts.map(({ part, values, share }) => ({
        key: part,
        name: t(`cards.time.parts.${part}`),
        color: COLORS[part],
        ys: places.map((place) => values[place]),
        figure: percent(share),
      })),
    [parts, places, t],
  )
  const last = totals.findLast(Number.isFinite)
  const inSeconds = places.some((place) => totals[place] >= 10_000)
  const formatMs = (value: number) =>
    inSeconds ? `${formatNumber(value / 1000)} s` : `${formatNumber(value)} ms`
  const sentence = parts.length > 0 ? shareSentence(parts, t) : ''
  const notes = [
    sentence,
    ...(parts.some(({ part }) => part === 'gpu') ? [t('cards.time.asOne')] : []),
    ...(places.length < steps.length
      ? [t('cards.thinned', { shown: places.length, count: steps.length })]
      : []),
  ]
  return (
    <ChartCard
      className={className}
      title={t('cards.time.title')}
      help={t('cards.time.help')}
      headline={
        last !== undefined && (
          <Quantity value={last} format={(value) => formatMs(value ?? Number.NaN)} unit="" />
        )
      }
      summary={`${t('cards.time.title')}: ${sentence}`}
      note={parts.length > 0 ? notes.join(' ') : undefined}
      empty={
        places.length > 0 ? undefined : steps.length > 0 ? t('cards.time.notMeasured') : t('cards.waiting')
      }
      table={{
        rows: places,
        columns: [
          { name: t('cards.step'), value: (place: number) => formatInteger(steps.steps[place]) },
          ...parts.map(({ part, values }) => ({
            name: t('cards.time.ms', { part: t(`cards.time.parts.${part}`) }),
            value: (place: number) => <Quantity value={values[place]} />,
          })),
          {
            name: t('cards.time.ms', { part: t('cards.time.whole') }),
            value: (place: number) => <Quantity value={totals[place]} />,
          },
        ],
      }}
    >
      {(height) => (
        <StackPlot
          xs={xs}
          layers={layers}
          height={height}
          steps
          x={[1, Math.max(totalSteps, steps.last?.step ?? 0)]}
          titleOf={(step) => `${t('cards.step')} ${formatInteger(step)}`}
          formatX={formatInteger}
          formatY={formatMs}
        />
      )}
    </ChartCard>
  )
}

/** Whole percents; what is less than one is not nothing. */
const percent = (share: number): string =>
  share > 0 && share < 0.005 ? '< 1 %' : formatPercent(Math.round(share * 100) / 100)

/** What the largest part is of an average step. */
function shareSentence(parts: readonly PartOfTime[], t: TFunction): string {
  const largest = parts.reduce((most, part) => (part.share > most.share ? part : most))
  const name = shareName(largest.share)
  return t('cards.time.sentence', {
    share: name ? t(`cards.time.shares.${name}`) : percent(largest.share),
    part: t(`cards.time.inSentence.${largest.part}`),
  })
}
