import { Switch } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { decimate } from '../../charts/decimate.ts'
import { LinePlot, type PlotRow } from '../../charts/LinePlot.tsx'
import { memoryFor, smooth } from '../../charts/smooth.ts'
import { Quantity } from '../../components/Quantity.tsx'
import { formatNumber } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import { finiteOrNull, usePlotNote } from './plot-rows.ts'

/** Loss of every step, faint; smoothed, bold; held-out loss as dots. */
export function LossCard({ className }: { className?: string }) {
  const { t } = useTranslation()
  const steps = useRun((run) => run.steps)
  const evaluations = useRun((run) => run.evaluations)
  const totalSteps = useRun((run) => run.totalSteps)
  const [log, setLog] = useState(false)

  const rows = useMemo(() => {
    const losses = steps.map(({ metrics }) => metrics['train/loss'])
    const smoothed = smooth(losses, memoryFor(losses.length))
    const evalAt = new Map(evaluations.map(({ step, loss }) => [step, loss]))
    const all = steps.map(({ step }, index) => ({
      step,
      loss: losses[index],
      smooth: smoothed[index],
      eval: evalAt.get(step),
    }))
    const before = evalAt.get(0)
    return before === undefined ? all : [{ step: 0, loss: undefined, smooth: null, eval: before }, ...all]
  }, [steps, evaluations])

  const shown = useMemo(
    () => decimate(rows, (row) => row.loss, { keep: (row) => row.eval !== undefined }),
    [rows],
  )
  const plotted: PlotRow[] = shown.map((row) => ({
    step: row.step,
    loss: finiteOrNull(row.loss),
    smooth: row.smooth,
    eval: finiteOrNull(row.eval),
  }))
  const note = usePlotNote(
    rows.map((row) => row.loss),
    shown.length,
  )
  const first = steps[0]?.metrics['train/loss']
  const last = steps.at(-1)?.metrics['train/loss']
  const series = [
    { key: 'loss', name: t('cards.loss.raw'), color: 'var(--nibble-series-faint)', look: 'faint' as const },
    { key: 'smooth', name: t('cards.loss.smooth'), color: 'var(--nibble-series-main)' },
    { key: 'eval', name: t('cards.loss.eval'), color: 'var(--nibble-series-eval)', look: 'dots' as const },
  ].filter(({ key }) => key !== 'eval' || evaluations.length > 0)

  return (
    <ChartCard
      className={className}
      title={t('cards.loss.title')}
      help={t('cards.loss.help')}
      headline={
        last !== undefined && (
          <>
            {t('cards.now', { value: '' })}
            <Quantity value={last} />
          </>
        )
      }
      summary={`${t('cards.loss.title')}: ${t('cards.loss.summary', { count: steps.length, first: formatNumber(first), last: formatNumber(last) })}`}
      note={note}
      empty={rows.length === 0 ? t('cards.waiting') : undefined}
      controls={
        <Switch
          size="xs"
          label={t('cards.log')}
          checked={log}
          onChange={(event) => setLog(event.currentTarget.checked)}
        />
      }
      table={{
        rows: shown,
        columns: [
          { name: t('cards.step'), value: (row) => row.step },
          { name: t('cards.loss.raw'), value: (row) => <Quantity value={row.loss} /> },
          { name: t('cards.loss.smooth'), value: (row) => <Quantity value={row.smooth} /> },
          ...(evaluations.length > 0
            ? [
                {
                  name: t('cards.loss.eval'),
                  value: (row: (typeof shown)[number]) => <Quantity value={row.eval} />,
                },
              ]
            : []),
        ],
      }}
    >
      {(height) => (
        <LinePlot
          rows={plotted}
          series={series}
          height={height}
          log={log}
          firstStep={rows[0]?.step}
          lastStep={totalSteps}
          xName={t('cards.step')}
        />
      )}
    </ChartCard>
  )
}
