import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { MetricName } from '../../../src/session/events.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { CurvePlot } from '../../charts/CurvePlot.tsx'
import { thin } from '../../charts/decimate.ts'
import { Quantity } from '../../components/Quantity.tsx'
import { formatNumber } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import { usePlotNote } from './plot-rows.ts'

/** One metric over the steps of the run. */
export function MetricCard({ metric, title, help }: { metric: MetricName; title: string; help: string }) {
  const { t } = useTranslation()
  const steps = useRun((run) => run.steps)
  const totalSteps = useRun((run) => run.totalSteps)
  const rows = useMemo(() => {
    const all = steps.steps
    const values = steps.values(metric)
    return thin(values).map((place) => ({ step: all[place], value: values[place] }))
  }, [steps, metric])
  const curves = useMemo(
    () => [
      {
        key: metric,
        name: title,
        color: 'var(--nibble-series-main)',
        xs: rows.map(({ step }) => step),
        ys: rows.map(({ value }) => value),
      },
    ],
    [rows, metric, title],
  )
  const note = usePlotNote(steps, metric, rows.length)
  const first = steps.at(0)?.metrics[metric]
  const last = steps.last?.metrics[metric]
  const unit = metric === 'speed/tokens_per_second' ? t('cards.speed.series') : undefined
  return (
    <ChartCard
      title={title}
      help={help}
      headline={last !== undefined && <Quantity value={last} unit={unit} />}
      summary={`${title}: ${t('cards.loss.summary', { count: steps.length, first: formatNumber(first), last: formatNumber(last) })}`}
      note={note}
      empty={rows.length === 0 ? t('cards.waiting') : undefined}
      table={{
        rows,
        columns: [
          { name: t('cards.step'), value: (row) => row.step },
          { name: title, value: (row) => <Quantity value={row.value} /> },
        ],
      }}
    >
      {(height) => (
        <CurvePlot
          curves={curves}
          height={height}
          x={[1, Math.max(totalSteps, steps.last?.step ?? 0)]}
          xName={t('cards.step')}
        />
      )}
    </ChartCard>
  )
}
