import { Anchor, Checkbox, Table, Text } from '@mantine/core'
import { IconNote } from '@tabler/icons-react'
import type { TFunction } from 'i18next'
import { type ReactNode, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { Quantity } from '../../components/Quantity.tsx'
import { SortableHead } from '../../components/SortableHead.tsx'
import { formatBytes, formatDuration, formatInteger } from '../../format/numbers.ts'
import type { RunRecord } from '../../stores/history-record.ts'
import { RunMenu } from './RunMenu.tsx'
import { RunStatus } from './RunStatus.tsx'
import classes from './RunsTable.module.css'
import { formatDate, formatWholeDate, lookOf } from './run-look.ts'
import { Sparkline } from './Sparkline.tsx'
import { type SortKey, sortedRuns } from './sort-runs.ts'

interface RunsTableProps {
  records: readonly RunRecord[]
  ticked: readonly string[]
  onTick: (ids: string[]) => void
}

const FIGURES: { key: SortKey; value: (record: RunRecord) => ReactNode }[] = [
  { key: 'step', value: ({ step, totalSteps }) => <Steps step={step} total={totalSteps} /> },
  { key: 'lastLoss', value: ({ lastLoss }) => <Quantity value={lastLoss} /> },
  { key: 'evalLoss', value: ({ evalLoss }) => <Quantity value={evalLoss} /> },
  { key: 'tokensPerSecond', value: ({ tokensPerSecond }) => <Quantity value={tokensPerSecond} /> },
  {
    key: 'durationMs',
    value: ({ durationMs }) => <Quantity value={durationMs} format={formatDuration} unit="" />,
  },
  { key: 'sizeBytes', value: ({ sizeBytes }) => <Quantity value={sizeBytes} format={formatBytes} unit="" /> },
  {
    key: 'startedAt',
    value: ({ startedAt }) => <span title={formatWholeDate(startedAt)}>{formatDate(startedAt)}</span>,
  },
]

/** All runs in rows: sorted by any column, ticked to be compared. */
export function RunsTable({ records, ticked, onTick }: RunsTableProps) {
  const { t } = useTranslation()
  const [sort, setSort] = useState<{ key: SortKey; descending: boolean }>({
    key: 'startedAt',
    descending: true,
  })
  const sorted = useMemo(() => sortedRuns(records, sort.key, sort.descending), [records, sort])
  const sortBy = (key: SortKey) =>
    setSort((before) => ({ key, descending: before.key === key ? !before.descending : key === 'startedAt' }))
  const sorting = (key: SortKey) => ({
    name: t(`runs.columns.${key}`),
    direction:
      sort.key === key ? (sort.descending ? ('descending' as const) : ('ascending' as const)) : undefined,
    onSort: () => sortBy(key),
  })
  const head = (key: SortKey, align: 'left' | 'right' = 'left') => (
    <SortableHead key={key} {...sorting(key)} align={align} />
  )
  return (
    <Table.ScrollContainer minWidth={930} type="native">
      <Table verticalSpacing={6} horizontalSpacing={5} fz="sm" className={classes.table} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th className={classes.tick}>
              <Checkbox
                size="xs"
                aria-label={t('runs.selectAll')}
                checked={ticked.length > 0 && ticked.length === records.length}
                indeterminate={ticked.length > 0 && ticked.length < records.length}
                onChange={(event) => onTick(event.currentTarget.checked ? sorted.map(({ id }) => id) : [])}
              />
            </Table.Th>
            <SortableHead {...sorting('name')} more={[sorting('model'), sorting('dataset')]} />
            <Table.Th>{t('runs.columns.curve')}</Table.Th>
            {head('status')}
            {FIGURES.map(({ key }) => head(key, 'right'))}
            <Table.Th aria-label={t('runs.columns.actions')} className={classes.menu} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted.map((record) => {
            const place = ticked.indexOf(record.id)
            return (
              <Table.Tr key={record.id} data-ticked={place >= 0 || undefined}>
                <Table.Td className={classes.tick}>
                  <Checkbox
                    size="xs"
                    aria-label={t('runs.select', { name: record.name })}
                    checked={place >= 0}
                    color={place >= 0 ? lookOf(place).color : undefined}
                    onChange={() =>
                      onTick(place >= 0 ? ticked.filter((id) => id !== record.id) : [...ticked, record.id])
                    }
                  />
                </Table.Td>
                <Table.Td className={classes.name}>
                  <Anchor component={Link} href={`/runs/${record.id}`} size="sm" fw={600}>
                    {record.name}
                  </Anchor>
                  {record.notes && (
                    <IconNote
                      size={14}
                      className={classes.note}
                      role="img"
                      aria-label={t('runs.hasNotes')}
                      title={record.notes.slice(0, 400)}
                    />
                  )}
                  <Text size="xs" c="var(--nibble-ink-soft)" truncate title={originOf(record, t)}>
                    {originOf(record, t)}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {record.sparkline.steps.length > 0 ? (
                    <Sparkline
                      sparkline={record.sparkline}
                      label={t('runs.curveOf', { name: record.name })}
                    />
                  ) : (
                    <Text size="xs" c="var(--nibble-ink-soft)">
                      {t('runs.noCurve')}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <RunStatus status={record.status} />
                </Table.Td>
                {FIGURES.map(({ key, value }) => (
                  <Table.Td key={key} ta="right" className={classes.figure}>
                    {value(record)}
                  </Table.Td>
                ))}
                <Table.Td ta="right" className={classes.menu}>
                  <RunMenu record={record} />
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

/** Model and data; the file that the run was opened from. */
function originOf({ model, dataset, importedFrom }: RunRecord, t: TFunction): string {
  const origin = t('runs.modelOnData', { model, dataset: dataset.replace(/\.[a-z]+$/i, '') })
  return importedFrom ? `${origin}, ${t('runs.imported', { file: importedFrom.fileName })}` : origin
}

function Steps({ step, total }: { step: number; total: number }) {
  const { t } = useTranslation()
  return (
    <span title={t('runs.stepsOf', { step: formatInteger(step), total: formatInteger(total) })}>
      {formatInteger(step)}
    </span>
  )
}
