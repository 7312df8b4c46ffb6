import { Button, Group, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ColumnChoice } from '../../../src/config/schema.ts'
import { Panel } from '../../components/Panel.tsx'
import { useRun, useStudio } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import type { DatasetState } from '../../stores/state.ts'
import { ColumnSentence } from './ColumnSentence.tsx'
import { likelyChoice } from './column-choice.ts'

/** A file whose columns are not known is no dead end: they are shown, and what is what can be said. */
export function ColumnChooser({ failure }: { failure: NonNullable<DatasetState['failure']> }) {
  const { t } = useTranslation()
  const { chooseColumns } = useStudio()
  const locked = useRun((run) => isLive(run.status))
  const { choice: refused, name, columns: seen } = failure
  const columns = seen.map((column) => column.name)
  const [choice, setChoice] = useState<ColumnChoice>(() => {
    const before = refused.mapping
    const named = before && columnsOf(before)
    return before && named?.every((column) => columns.includes(column)) ? before : likelyChoice(columns)
  })
  return (
    <Panel title={t('data.columns.title', { name })} id="data-columns">
      <Text size="sm" c="var(--nibble-ink-soft)" mb="sm">
        {t('data.columns.lead')}
      </Text>
      <ColumnSentence columns={columns} choice={choice} disabled={locked} onChange={setChoice} />
      <Group my="md" gap="xs">
        <Button size="sm" disabled={locked} onClick={() => chooseColumns(refused, choice)}>
          {t('data.columns.read')}
        </Button>
        {refused.mapping && (
          <Button variant="default" size="sm" disabled={locked} onClick={() => chooseColumns(refused, null)}>
            {t('data.columns.byName')}
          </Button>
        )}
      </Group>
      <Table verticalSpacing={4} fz="sm" layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="30%">{t('data.columns.column')}</Table.Th>
            <Table.Th>{t('data.columns.sample')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {seen.map((column) => (
            <Table.Tr key={column.name}>
              <Table.Th scope="row" fw={600} style={{ overflowWrap: 'anywhere' }}>
                {column.name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{column.sample || t('app.none')}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  )
}

function columnsOf(choice: ColumnChoice): string[] {
  const { shape: _, ...roles } = choice
  return Object.values(roles).flat()
}
