import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Question } from '../../components/Question.tsx'
import { formatBytes } from '../../format/numbers.ts'
import { useStudio } from '../../stores/context.tsx'
import type { RunRecord } from '../../stores/history-record.ts'
import { filesBytes, madeBy } from './run-look.ts'

/** Asks once before what a run made is gone for good; its curves stay. */
export function DeleteFiles({ record, onClose }: { record: RunRecord; onClose: () => void }) {
  const { t } = useTranslation()
  const { history } = useStudio()
  const made = madeBy(record)
  return (
    <Question
      title={t(`runs.deleteFiles.title.${made}`)}
      keep={t('runs.delete.cancel')}
      confirm={t('runs.delete.confirm')}
      onClose={onClose}
      onConfirm={() => void history.removeFiles(record.id)}
    >
      <Text size="sm">
        {t(`runs.deleteFiles.text.${made}`, { name: record.name, bytes: formatBytes(filesBytes(record)) })}
      </Text>
    </Question>
  )
}
