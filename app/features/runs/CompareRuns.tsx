import { NativeSelect, SegmentedControl, Skeleton, Switch } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { CurvePlot } from '../../charts/CurvePlot.tsx'
import { heightWithoutOutliers } from '../../charts/smooth.ts'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatInteger, formatNumber } from '../../format/numbers.ts'
import classes from './CompareRuns.module.css'
import { DifferenceTable } from './DifferenceTable.tsx'
import { useKeptRuns } from './kept-runs.ts'
import { OVERLAY_METRICS, type Overlay, overlayCurves } from './overlay-curves.ts'
import { namesOf } from './run-look.ts'

/** The ticked runs against one another: curves in one picture, and what was set differently. */
export function CompareRuns({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation()
  const { runs, reading } = useKeptRuns(ids)
  const [overlay, setOverlay] = useState<Overlay>({
    metric: 'train/loss',
    over: 'step',
    smoothed: true,
    heldOut: true,
  })
  const [log, setLog] = useState(false)
  const [clip, setClip] = useState(false)
  const set = (change: Partial<Overlay>) => setOverlay((before) => ({ ...before, ...change }))
  const records = useMemo(() => runs.map(({ record }) => record), [runs])
  const names = useMemo(() => namesOf(records), [records])
  const curves = useMemo(
    () => overlayCurves(runs, names, overlay, (name) => t('runs.compare.heldOutOf', { name })),
    [runs, names, overlay, t],
  )
  const lines = curves.filter(({ look }) => look !== 'dots')
  const end = Math.max(...curves.map(({ xs }) => xs[xs.length - 1] ?? 0), overlay.over === 'step' ? 1 : 0)
  const top = clip ? Math.max(...lines.map(({ ys }) => heightWithoutOutliers(ys, [])), 0) : undefined
  const rows = useMemo(() => lines.map(({ name, ys }) => ({ name, ys: Array.from(ys) })), [lines])

  if (runs.length === 0)
    return reading ? (
      <Panel title={t('runs.compare.title')}>
        <Skeleton height={220} aria-label={t('runs.compare.loading')} />
      </Panel>
    ) : null

  const metricName = t(`runs.compare.metrics.${overlay.metric}`)
  const xName = overlay.over === 'step' ? t('cards.step') : t('runs.compare.minutes')
  const firstPlace =
    overlay.over === 'step' && curves.some(({ xs }) => xs[0] >= 1) && !curves.some(({ xs }) => xs[0] === 0)
  return (
    <>
      <ChartCard
        title={t('runs.compare.title')}
        help={t('runs.compare.help')}
        summary={t('runs.compare.summary', {
          metric: metricName,
          count: runs.length,
          names: names.join(', '),
        })}
        empty={curves.length === 0 ? t('runs.compare.nothing') : undefined}
        controls={
          <>
            <NativeSelect
              size="xs"
              aria-label={t('runs.compare.metric')}
              value={overlay.metric}
              onChange={(event) => set({ metric: event.currentTarget.value as Overlay['metric'] })}
              data={OVERLAY_METRICS.map((value) => ({ value, label: t(`runs.compare.metrics.${value}`) }))}
            />
            <SegmentedControl
              size="xs"
              aria-label={t('runs.compare.over')}
              value={overlay.over}
              onChange={(over) => set({ over: over as Overlay['over'] })}
              data={[
                { value: 'step', label: t('runs.compare.step') },
                { value: 'time', label: t('runs.compare.time') },
              ]}
            />
            <SegmentedControl
              size="xs"
              aria-label={t('runs.compare.lines')}
              value={overlay.smoothed ? 'smoothed' : 'each'}
              onChange={(lines) => set({ smoothed: lines === 'smoothed' })}
              data={[
                { value: 'smoothed', label: t('runs.compare.smoothed') },
                { value: 'each', label: t('runs.compare.eachStep') },
              ]}
            />
            <Switch
              size="xs"
              label={t('cards.log')}
              checked={log}
              onChange={(event) => setLog(event.currentTarget.checked)}
            />
            <Switch
              size="xs"
              label={t('cards.clip')}
              checked={clip}
              onChange={(event) => setClip(event.currentTarget.checked)}
            />
            {overlay.metric === 'train/loss' && (
              <Switch
                size="xs"
                label={t('runs.compare.heldOut')}
                checked={overlay.heldOut}
                onChange={(event) => set({ heldOut: event.currentTarget.checked })}
              />
            )}
          </>
        }
        table={{
          rows,
          columns: [
            { name: t('runs.columns.name'), value: (row) => row.name, align: 'left' },
            ...([0, 0.25, 0.5, 0.75, 1] as const).map((share) => ({
              name:
                share === 0
                  ? t('runs.compare.first')
                  : share === 1
                    ? t('runs.compare.last')
                    : `${share * 100} %`,
              value: (row: { ys: number[] }) => (
                <Quantity value={row.ys[Math.round(share * (row.ys.length - 1))]} />
              ),
            })),
          ],
        }}
      >
        {(height, enlarged) => (
          <div className={classes.plot}>
            <CurvePlot
              curves={curves}
              height={enlarged ? height : 300}
              log={log}
              top={top}
              x={[firstPlace ? 1 : 0, end]}
              xName={xName}
              formatX={overlay.over === 'step' ? formatInteger : formatNumber}
              legend
            />
          </div>
        )}
      </ChartCard>
      <DifferenceTable records={records} names={names} />
    </>
  )
}
