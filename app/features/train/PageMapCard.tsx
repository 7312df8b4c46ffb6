import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { PagingStatistics } from '../../../src/session/events.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { Facts } from '../../components/Facts.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatBytes, formatDuration, formatInteger, formatPercent } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import type { StepSeries } from '../../stores/step-series.ts'
import { PageMap, TIERS, type Tier } from './PageMap.tsx'
import classes from './PageMapCard.module.css'

/** Where every page of Adam's moments is, and what moves: the pager's own counters, and rates over the last steps. */
export function PageMapCard({ className }: { className?: string }) {
  const paging = useRun((run) => run.paging)
  return paging && <Shown paging={paging} className={className} />
}

function Shown({ paging, className }: { paging: PagingStatistics; className?: string }) {
  const { t } = useTranslation()
  const steps = useRun((run) => run.steps)
  const moved = useMoved(paging)
  const { residency, pageBytes, stallMs, hostBytes, peakHostBytes } = paging
  const count = (tier: Tier) => residency.filter((place) => place === tier).length
  const turns = paging.hits + paging.hostMisses + paging.storeMisses
  const traffic = TRAFFIC.map(({ total, metric }) => ({
    label: t(`cards.pages.${total}`),
    value: paging[total],
    rate: recentRate(steps, metric),
  }))
  const rateText = (rate: number | null) =>
    rate === null ? null : t('cards.pages.rate', { bytes: formatBytes(rate) })
  const facts = [
    {
      label: t('cards.pages.hits'),
      value: <Quantity value={turns > 0 ? paging.hits / turns : 1} format={formatPercent} unit="" />,
      note: t('cards.pages.turns', { hits: formatInteger(paging.hits), turns: formatInteger(turns) }),
    },
    ...traffic.map(({ label, value, rate }) => ({
      label,
      value: <Quantity value={value} format={formatBytes} unit="" />,
      note: rateText(rate),
    })),
    {
      label: t('cards.pages.hostBytes'),
      value: <Quantity value={hostBytes} format={formatBytes} unit="" />,
      note: t('cards.pages.peak', { bytes: formatBytes(peakHostBytes) }),
    },
    {
      label: t('cards.pages.stallMs'),
      value: <Quantity value={stallMs} format={formatDuration} unit="" />,
      note: t('cards.pages.stallHelp'),
    },
  ]
  const summary = t('cards.pages.summary', {
    count: residency.length,
    bytes: formatBytes(pageBytes),
    gpu: count('gpu'),
    host: count('host'),
    store: count('store'),
  })
  return (
    <ChartCard
      className={className}
      title={t('cards.pages.title')}
      help={t('cards.pages.help')}
      summary={summary}
      note={paging.degraded ? t('cards.pages.degraded') : undefined}
      table={{
        rows: [
          ...TIERS.map((tier) => ({ name: t(`cards.pages.in.${tier}`), value: count(tier) as unknown })),
          { name: t('cards.pages.hits'), value: paging.hits },
          { name: t('cards.pages.hostMisses'), value: paging.hostMisses },
          { name: t('cards.pages.storeMisses'), value: paging.storeMisses },
          ...traffic.map(({ label, value }) => ({ name: label, value })),
          { name: t('cards.pages.hostBytes'), value: hostBytes },
          { name: t('cards.pages.stallMs'), value: stallMs },
          ...residency.map((tier, index) => ({
            name: t('cards.pages.page', { number: index + 1 }),
            value: t(`cards.pages.tiers.${tier}`),
          })),
        ],
        columns: [
          { name: t('cards.pages.what'), value: ({ name }) => name, align: 'left' },
          {
            name: t('cards.pages.value'),
            value: ({ value }) => (typeof value === 'number' ? formatInteger(value) : String(value)),
          },
        ],
      }}
    >
      {(height) => (
        <>
          <PageMap residency={residency} moved={moved} height={height - 74} />
          <p className={classes.summary}>{summary}</p>
          <ul className={classes.legend} aria-hidden>
            {TIERS.map((tier) => (
              <li key={tier}>
                <PageMap residency={[tier]} moved={NONE} height={13} />
                {t(`cards.pages.tiers.${tier}`)}
              </li>
            ))}
            <li>
              <PageMap residency={['gpu']} moved={FIRST} height={13} />
              {t('cards.pages.moved')}
            </li>
          </ul>
          <div className={classes.facts}>
            <Facts facts={facts} />
          </div>
        </>
      )}
    </ChartCard>
  )
}

const NONE: ReadonlySet<number> = new Set()
const FIRST: ReadonlySet<number> = new Set([0])

const TRAFFIC = [
  { total: 'bytesToGpu', metric: 'paging/bytes_to_gpu' },
  { total: 'bytesFromGpu', metric: 'paging/bytes_from_gpu' },
  { total: 'bytesToStore', metric: 'paging/bytes_to_store' },
  { total: 'bytesFromStore', metric: 'paging/bytes_from_store' },
] as const

/** Pages that are elsewhere than when the map was drawn before. */
function useMoved({ residency }: PagingStatistics): ReadonlySet<number> {
  const before = useRef<PagingStatistics['residency']>(residency)
  const moved = new Set<number>()
  for (const [index, place] of residency.entries()) if (before.current[index] !== place) moved.add(index)
  useEffect(() => {
    before.current = residency
  }, [residency])
  return moved
}

/** Steps that a rate is taken over: one alone jumps about. */
const RATE_STEPS = 20

/** Bytes a second over the last steps; null before there are any. */
function recentRate(steps: StepSeries, metric: (typeof TRAFFIC)[number]['metric']): number | null {
  const recent = (values: Float64Array) => values.slice(-RATE_STEPS).filter(Number.isFinite)
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0)
  const durationMs = sum(recent(steps.values('speed/step_ms')))
  return durationMs > 0 ? (sum(recent(steps.values(metric))) * 1000) / durationMs : null
}
