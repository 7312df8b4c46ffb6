import { Button, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'
import type { DatasetSummary } from '../../../src/session/reports.ts'
import { DataTable } from '../../charts/DataTable.tsx'
import { formatInteger } from '../../format/numbers.ts'
import { asAdvice, asSentence } from '../../format/sentences.ts'
import { useDataset, useRun, useStudio } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'

const SHOWN = 20

/** Every row that cannot be used, by its number, with the cause; the way on without them, and back. */
export function BadRows({ summary }: { summary: DatasetSummary }) {
  const { t } = useTranslation()
  const { skipBadRows } = useStudio()
  const skipped = useDataset(({ opened }) => opened?.kind === 'file' && opened.skipBadRows)
  const locked = useRun((run) => isLive(run.status))
  const [all, { open: showAll }] = useDisclosure(false)
  const { badRows, rows } = summary
  const shown = { count: badRows.length, rows: formatInteger(rows) }
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm">{t(skipped ? 'data.badRowsSkipped' : 'data.badRowsFound', shown)}</Text>
        <Button
          size="sm"
          variant={skipped ? 'default' : 'filled'}
          disabled={locked}
          onClick={() => skipBadRows(!skipped)}
        >
          {skipped ? t('data.unskip') : t('data.skip', { count: badRows.length })}
        </Button>
      </Group>
      <DataTable
        caption={t('data.badRows')}
        height={260}
        rows={all ? badRows : badRows.slice(0, SHOWN)}
        columns={[
          { name: t('data.badRow'), value: ({ row }) => row },
          { name: t('data.cause'), value: ({ message }) => asSentence(message), align: 'left' },
          { name: t('data.fix'), value: ({ fix }) => (fix ? asAdvice(fix) : ''), align: 'left' },
        ]}
      />
      {!all && badRows.length > SHOWN && (
        <Button variant="subtle" size="compact-sm" mt="xs" onClick={showAll}>
          {t('data.showAll', { count: badRows.length })}
        </Button>
      )}
    </>
  )
}
