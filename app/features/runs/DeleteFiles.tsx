import { Button, Group, Modal, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../../format/numbers.ts'
import { useStudio } from '../../stores/context.tsx'
import type { RunRecord } from '../../stores/history-record.ts'
import { filesBytes, madeBy } from './run-look.ts'

/** Asks once before what a run made is gone for good; its curves stay. */
export function DeleteFiles({ record, onClose }: { record: RunRecord; onClose: () => void }) {
  const { t } = useTranslation()
  const { history } = useStudio()
  const made = madeBy(record)
  const confirm = () => {
    void history.removeFiles(record.id)
    onClose()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(`runs.deleteFiles.title.${made}`)}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Text size="sm" mb="lg">
        {t(`runs.deleteFiles.text.${made}`, { name: record.name, bytes: formatBytes(filesBytes(record)) })}
      </Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t('runs.delete.cancel')}
        </Button>
        <Button color="red" onClick={confirm}>
          {t('runs.delete.confirm')}
        </Button>
      </Group>
    </Modal>
  )
}
