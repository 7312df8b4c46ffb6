import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { MetricName } from '../../../src/session/events.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { decimate } from '../../charts/decimate.ts'
import { LinePlot } from '../../charts/LinePlot.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatNumber } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import { finiteOrNull, usePlotNote } from './plot-rows.ts'

/** One metric over the steps of the run. */
export function MetricCard({ metric, title, help }: { metric: MetricName; title: string; help: string }) {
  const { t } = useTranslation()
  const steps = useRun((run) => run.steps)
  const totalSteps = useRun((run) => run.totalSteps)
  const rows = useMemo(
    () => steps.map(({ step, metrics }) => ({ step, value: metrics[metric] })),
    [steps, metric],
  )
  const shown = useMemo(() => decimate(rows, (row) => row.value), [rows])
  const note = usePlotNote(
    rows.map((row) => row.value),
    shown.length,
  )
  const first = rows[0]?.value
  const last = rows.at(-1)?.value
  return (
    <ChartCard
      title={title}
      help={help}
      headline={last !== undefined && <Quantity value={last} />}
      summary={`${title}: ${t('cards.loss.summary', { count: steps.length, first: formatNumber(first), last: formatNumber(last) })}`}
      note={note}
      empty={rows.length === 0 ? t('cards.waiting') : undefined}
      table={{
        rows: shown,
        columns: [
          { name: t('cards.step'), value: (row) => row.step },
          { name: title, value: (row) => <Quantity value={row.value} /> },
        ],
      }}
    >
      {(height) => (
        <LinePlot
          rows={shown.map(({ step, value }) => ({ step, value: finiteOrNull(value) }))}
          series={[{ key: 'value', name: title, color: 'var(--nibble-series-main)' }]}
          height={height}
          lastStep={totalSteps}
          xName={t('cards.step')}
        />
      )}
    </ChartCard>
  )
}
