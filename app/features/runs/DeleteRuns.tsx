import { List, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Question } from '../../components/Question.tsx'
import { formatBytes } from '../../format/numbers.ts'
import { useStudio } from '../../stores/context.tsx'
import type { RunRecord } from '../../stores/history-record.ts'

interface DeleteRunsProps {
  records: readonly RunRecord[]
  onClose: () => void
  onDeleted?: () => void
}

/** Asks once, with what becomes free, before runs are gone for good. */
export function DeleteRuns({ records, onClose, onDeleted }: DeleteRunsProps) {
  const { t } = useTranslation()
  const { history } = useStudio()
  const bytes = records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const confirm = () => {
    void history.remove(records.map(({ id }) => id))
    // What asked may go with them.
    document.querySelector<HTMLElement>('#page h1')?.focus()
    onDeleted?.()
  }
  return (
    <Question
      title={t('runs.delete.title', { count: records.length })}
      keep={t('runs.delete.cancel')}
      confirm={t('runs.delete.confirm')}
      onClose={onClose}
      onConfirm={confirm}
    >
      <List size="sm" mb="sm">
        {records.map(({ id, name, sizeBytes }) => (
          <List.Item key={id}>
            {name} <span className="tabular">({formatBytes(sizeBytes)})</span>
          </List.Item>
        ))}
      </List>
      <Text size="sm">{t('runs.delete.text', { bytes: formatBytes(bytes) })}</Text>
    </Question>
  )
}
