import { Text } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { type Mark, StackPlot } from '../../charts/StackPlot.tsx'
import { CATEGORIES, MemoryBar } from '../../components/MemoryBar.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatBytes, formatDuration, formatNumber } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import type { MemoryReading, MemoryUse } from '../../stores/memory-timeline.ts'
import { byteUnit, drawnMemory, timeUnit } from './memory-layers.ts'

const COLORS: Record<MemoryUse, string> = {
  ...CATEGORIES,
  samples: 'var(--nibble-samples)',
  playground: 'var(--nibble-playground)',
}
const USES = Object.keys(COLORS) as MemoryUse[]

/** What was allocated on the GPU over the run's time, against its plan and the device's limit. */
export function MemoryCard({ className }: { className?: string }) {
  const hasReadings = useRun((run) => run.memory.readings.length > 0)
  return hasReadings ? <OverTime className={className} /> : <Planned className={className} />
}

function OverTime({ className }: { className?: string }) {
  const { t } = useTranslation()
  const memory = useRun((run) => run.memory)
  const plannedBytes = useRun((run) => run.plannedTotalBytes)
  const nameOf = (use: MemoryUse) =>
    use === 'samples' || use === 'playground' ? t(`cards.memory.uses.${use}`) : t(`memory.categories.${use}`)
  const { readings, uses, mostBytes } = useMemo(() => drawnMemory(memory, USES), [memory])
  const last = readings[readings.length - 1]
  const unit = byteUnit(mostBytes)
  const time = timeUnit(last.atMs / 1000)
  // The last reading still holds: it gets some room to be seen.
  const shown = [...readings, last]
  const end = Math.max(last.atMs, 1) * 1.04
  const xs = [...readings.map(({ atMs }) => atMs), end].map((ms) => ms / 1000 / time.seconds)
  const layers = uses.map((use) => ({
    key: use,
    name: nameOf(use),
    color: COLORS[use],
    ys: shown.map(({ bytes }) => (bytes[use] ?? 0) / unit),
    figure: formatBytes(last.bytes[use] ?? 0),
  }))
  const { maxBufferBytes } = memory
  const marks: Mark[] = []
  if (plannedBytes !== null) {
    const name = t('cards.memory.plan', { bytes: formatBytes(plannedBytes) })
    marks.push({ key: 'plan', name, y: plannedBytes / unit, dash: '6 4' })
  }
  // A line far above would leave nothing to see below it.
  if (maxBufferBytes !== null && maxBufferBytes <= 2 * mostBytes) {
    const name = t('cards.memory.limit', { bytes: formatBytes(maxBufferBytes) })
    marks.push({ key: 'limit', name, y: maxBufferBytes / unit, dash: '2 3' })
  }
  const agreement =
    plannedBytes === null
      ? null
      : last.totalBytes === plannedBytes
        ? t('cards.memory.equal', { bytes: formatBytes(last.totalBytes) })
        : t('cards.memory.differs', {
            bytes: formatBytes(last.totalBytes),
            planned: formatBytes(plannedBytes),
          })
  const limit =
    maxBufferBytes === null ? null : t('cards.memory.limitNote', { bytes: formatBytes(maxBufferBytes) })
  return (
    <ChartCard
      className={className}
      title={t('cards.memory.title')}
      help={t('cards.memory.help')}
      headline={<Quantity value={last.totalBytes} format={formatBytes} unit="" />}
      summary={`${t('cards.memory.title')}: ${t('cards.memory.summary', { count: memory.readings.length, bytes: formatBytes(mostBytes), last: formatBytes(last.totalBytes) })}`}
      note={[agreement && `${agreement}.`, limit].filter(Boolean).join(' ')}
      table={{
        rows: readings,
        columns: [
          { name: t('cards.memory.at'), value: ({ atMs }) => formatDuration(atMs) },
          {
            name: t('cards.memory.during'),
            value: ({ during }) => t(`cards.memory.moments.${during}`),
            align: 'left',
          },
          {
            name: t('cards.memory.whole'),
            value: ({ totalBytes }) => <Quantity value={totalBytes} format={formatBytes} unit="" />,
          },
          ...uses.map((use) => ({
            name: nameOf(use),
            value: ({ bytes }: MemoryReading) => (
              <Quantity value={bytes[use] ?? 0} format={formatBytes} unit="" />
            ),
          })),
        ],
      }}
    >
      {(height) => (
        <StackPlot
          xs={xs}
          layers={layers}
          marks={marks}
          height={height}
          x={[0, xs[xs.length - 1]]}
          stairs
          titleOf={(_, index) =>
            `${formatDuration(shown[index].atMs)} · ${t(`cards.memory.moments.${shown[index].during}`)}`
          }
          formatX={(value) => `${formatNumber(value)} ${time.name}`}
          formatY={(value) => formatBytes(value * unit)}
        />
      )}
    </ChartCard>
  )
}

/** Before anything is read: the plan. So too for runs of before memory was kept over time. */
function Planned({ className }: { className?: string }) {
  const { t } = useTranslation()
  const planned = useRun((run) => run.plannedBytes)
  const plannedTotal = useRun((run) => run.plannedTotalBytes)
  const allocated = useRun((run) => run.allocatedBytes)
  return (
    <Panel
      title={t('cards.memory.title')}
      help={t('cards.memory.help')}
      id="card-memory"
      className={className}
    >
      {planned && plannedTotal !== null ? (
        <>
          <Text size="sm" mb="sm" className="tabular" title={String(allocated ?? plannedTotal)}>
            {allocated === null
              ? t('cards.memory.pending', { planned: formatBytes(plannedTotal) })
              : allocated === plannedTotal
                ? t('cards.memory.equal', { bytes: formatBytes(allocated) })
                : t('cards.memory.differs', {
                    bytes: formatBytes(allocated),
                    planned: formatBytes(plannedTotal),
                  })}
          </Text>
          <MemoryBar bytes={planned} />
        </>
      ) : (
        <Text size="sm" c="var(--nibble-ink-soft)">
          {t('cards.waitingMemory')}
        </Text>
      )}
    </Panel>
  )
}
