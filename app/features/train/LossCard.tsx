import { Anchor, Button, NativeSelect, Switch } from '@mantine/core'
import { IconListSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from 'zustand'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { CurvePlot } from '../../charts/CurvePlot.tsx'
import type { Curve } from '../../charts/curve.ts'
import { decimate, thin } from '../../charts/decimate.ts'
import { heightWithoutOutliers, smooth, stepsToAverage } from '../../charts/smooth.ts'
import { Quantity } from '../../components/Quantity.tsx'
import { formatNumber } from '../../format/numbers.ts'
import { useRun, useStudio } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import classes from './LossCard.module.css'
import { usePlotNote } from './plot-rows.ts'
import { StepRowsDialog } from './StepRowsDialog.tsx'

/** Choices of smoothing: by itself, off, or over so many steps. */
const SMOOTHING = ['auto', 'off', '3', '10', '30', '100', '300', '1000'] as const
type Smoothing = (typeof SMOOTHING)[number]

/** More dots would be a line. */
const MOST_DOTS = 120

/** Loss of every step, faint; smoothed, bold; held-out loss as dots. */
export function LossCard({ className }: { className?: string }) {
  const { t } = useTranslation()
  const steps = useRun((run) => run.steps)
  const evaluations = useRun((run) => run.evaluations)
  const totalSteps = useRun((run) => run.totalSteps)
  const live = useRun((run) => isLive(run.status))
  const [log, setLog] = useState(false)
  const [clip, setClip] = useState(false)
  const [smoothing, setSmoothing] = useState<Smoothing>('auto')
  const [asked, setAsked] = useState<number | null>(null)
  const ownRun = useStore(useStudio().stores.run, (run) => run.runId)
  /** Only of the run that the engine holds is its data at hand. */
  const canAsk = useRun((run) => run.runId) === ownRun && ownRun !== null

  const { raw, smoothed, places } = useMemo(() => {
    const losses = steps.values('train/loss')
    const over =
      smoothing === 'auto' ? stepsToAverage(losses.length) : smoothing === 'off' ? 1 : Number(smoothing)
    return { raw: losses, smoothed: smooth(losses, over), places: thin(losses) }
  }, [steps, smoothing])

  const shownEvaluations = useMemo(
    () => decimate(evaluations, ({ loss }) => loss, { max: MOST_DOTS }),
    [evaluations],
  )

  const curves = useMemo(() => {
    const all = steps.steps
    const xs = places.map((place) => all[place])
    const line: Curve = {
      key: 'loss',
      name: t('cards.loss.raw'),
      color: smoothing === 'off' ? 'var(--nibble-series-main)' : 'var(--nibble-series-faint)',
      look: smoothing === 'off' ? 'bold' : 'faint',
      xs,
      ys: places.map((place) => raw[place]),
    }
    const average: Curve = {
      key: 'smooth',
      name: t('cards.loss.smooth'),
      color: 'var(--nibble-series-main)',
      xs,
      ys: places.map((place) => smoothed[place]),
    }
    const heldOut: Curve = {
      key: 'eval',
      name: t('cards.loss.eval'),
      color: 'var(--nibble-series-eval)',
      look: 'dots',
      xs: shownEvaluations.map(({ step }) => step),
      ys: shownEvaluations.map(({ loss }) => loss),
    }
    return [
      line,
      ...(smoothing === 'off' ? [] : [average]),
      ...(shownEvaluations.length > 0 ? [heldOut] : []),
    ]
  }, [steps, places, raw, smoothed, shownEvaluations, smoothing, t])

  const top = useMemo(() => (clip ? heightWithoutOutliers(raw, smoothed) : undefined), [clip, raw, smoothed])
  const above = top === undefined ? 0 : raw.reduce((count, loss) => (loss > top ? count + 1 : count), 0)
  const note = usePlotNote(steps, 'train/loss', places.length, above)
  const rows = useMemo(
    () => tableRows(steps.steps, raw, smoothed, places, shownEvaluations),
    [steps, raw, smoothed, places, shownEvaluations],
  )
  const first = raw[0]
  const last = raw.at(-1)

  const card = (
    <ChartCard
      className={className}
      title={t('cards.loss.title')}
      help={t('cards.loss.help')}
      headline={
        last !== undefined && (
          <>
            {live && t('cards.now', { value: '' })}
            <Quantity value={last} />
          </>
        )
      }
      summary={`${t('cards.loss.title')}: ${t('cards.loss.summary', { count: steps.length, first: formatNumber(first), last: formatNumber(last) })}`}
      note={note}
      empty={rows.length === 0 ? t('cards.waiting') : undefined}
      controls={
        <>
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
          <NativeSelect
            size="xs"
            label={t('cards.smoothing')}
            classNames={{ root: classes.smoothing, label: classes.smoothingLabel }}
            value={smoothing}
            onChange={(event) => setSmoothing(event.currentTarget.value as Smoothing)}
            data={SMOOTHING.map((value) => ({
              value,
              label:
                value === 'auto' || value === 'off'
                  ? t(`cards.smoothingSteps.${value}`)
                  : t('cards.smoothingSteps.steps', { steps: value }),
            }))}
          />
          {canAsk && last !== undefined && (
            <Button
              variant="default"
              size="compact-xs"
              leftSection={<IconListSearch size={14} aria-hidden />}
              onClick={() => setAsked(steps.last?.step ?? 1)}
            >
              {t('stepRows.open')}
            </Button>
          )}
        </>
      }
      table={{
        rows,
        columns: [
          {
            name: t('cards.step'),
            value: ({ step }) =>
              canAsk && step > 0 ? (
                <Anchor
                  component="button"
                  type="button"
                  inherit
                  aria-label={t('stepRows.of', { step })}
                  onClick={() => setAsked(step)}
                >
                  {step}
                </Anchor>
              ) : (
                step
              ),
          },
          { name: t('cards.loss.raw'), value: (row) => <Quantity value={row.loss} /> },
          { name: t('cards.loss.smooth'), value: (row) => <Quantity value={row.smooth} /> },
          ...(evaluations.length > 0
            ? [
                {
                  name: t('cards.loss.eval'),
                  value: (row: TableRow) => <Quantity value={row.eval} />,
                },
              ]
            : []),
        ],
      }}
    >
      {(height) => (
        <CurvePlot
          curves={curves}
          height={height}
          log={log}
          top={top}
          x={[Math.min(rows[0]?.step ?? 1, 1), Math.max(totalSteps, steps.last?.step ?? 0)]}
          xName={t('cards.step')}
          onPick={canAsk ? (step) => step > 0 && setAsked(step) : undefined}
        />
      )}
    </ChartCard>
  )
  return (
    <>
      {card}
      {canAsk && <StepRowsDialog step={asked} onStep={setAsked} onClose={() => setAsked(null)} />}
    </>
  )
}

interface TableRow {
  step: number
  loss?: number
  smooth?: number | null
  eval?: number
}

/** The drawn steps, with every evaluation in its place. */
function tableRows(
  steps: Float64Array,
  raw: Float64Array,
  smoothed: Float64Array,
  places: readonly number[],
  evaluations: readonly { step: number; loss: number }[],
): TableRow[] {
  const rows = new Map<number, TableRow>()
  for (const place of places) {
    const smooth = Number.isNaN(smoothed[place]) ? null : smoothed[place]
    rows.set(steps[place], { step: steps[place], loss: raw[place], smooth })
  }
  for (const { step, loss } of evaluations) rows.set(step, { ...(rows.get(step) ?? { step }), eval: loss })
  return [...rows.values()].sort((a, b) => a.step - b.step)
}
