import { Table, Text } from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatDuration, formatInteger } from '../../format/numbers.ts'
import type { RunRecord } from '../../stores/history-record.ts'
import { configDifferences } from './config-differences.ts'
import classes from './DifferenceTable.module.css'
import { RunStatus } from './RunStatus.tsx'
import { lookOf } from './run-look.ts'
import { SettingValue, useSettingName } from './SettingValue.tsx'

const RESULTS: {
  key: 'status' | 'step' | 'lastLoss' | 'evalLoss' | 'tokensPerSecond' | 'durationMs'
  value: (record: RunRecord) => ReactNode
}[] = [
  { key: 'status', value: ({ status }) => <RunStatus status={status} /> },
  { key: 'step', value: ({ step }) => formatInteger(step) },
  { key: 'lastLoss', value: ({ lastLoss }) => <Quantity value={lastLoss} /> },
  { key: 'evalLoss', value: ({ evalLoss }) => <Quantity value={evalLoss} /> },
  { key: 'tokensPerSecond', value: ({ tokensPerSecond }) => <Quantity value={tokensPerSecond} /> },
  {
    key: 'durationMs',
    value: ({ durationMs }) => <Quantity value={durationMs} format={formatDuration} unit="" />,
  },
]

/** What was not the same in all of these runs, and what came of it. */
export function DifferenceTable({
  records,
  names,
}: {
  records: readonly RunRecord[]
  names: readonly string[]
}) {
  const { t } = useTranslation()
  const nameOf = useSettingName()
  const differences = useMemo(
    () =>
      configDifferences(
        records.map(({ model, dataset, device, config }) => ({ model, dataset, device, ...config })),
      ),
    [records],
  )
  return (
    <Panel title={t('runs.differences.title')} help={t('runs.differences.help')} id="differences">
      {records.length > 1 && differences.length === 0 && (
        <Text size="sm" mb="sm">
          {t('runs.differences.same')}
        </Text>
      )}
      <Table.ScrollContainer minWidth={200 + 130 * records.length} type="native">
        <Table verticalSpacing={5} horizontalSpacing={10} fz="sm" className={classes.table}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('runs.differences.what')}</Table.Th>
              {records.map(({ id }, place) => (
                <Table.Th key={id} style={{ borderBottomColor: lookOf(place).color }} className={classes.run}>
                  {names[place]}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {differences.map(({ path, values }) => (
              <Table.Tr key={path}>
                <Table.Th scope="row" title={path}>
                  {nameOf(path)}
                </Table.Th>
                {values.map((value, place) => (
                  <Table.Td key={records[place].id}>
                    <SettingValue value={value} />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
            <Table.Tr className={classes.part}>
              <Table.Th scope="row" colSpan={records.length + 1}>
                {t('runs.differences.result')}
              </Table.Th>
            </Table.Tr>
            {RESULTS.map(({ key, value }) => (
              <Table.Tr key={key}>
                <Table.Th scope="row">{t(`runs.columns.${key}`)}</Table.Th>
                {records.map((record) => (
                  <Table.Td key={record.id}>{value(record)}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Panel>
  )
}
