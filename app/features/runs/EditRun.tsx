import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useStudio } from '../../stores/context.tsx'
import type { RunRecord } from '../../stores/history-record.ts'

const LONGEST_NAME = 200
const LONGEST_NOTES = 20_000

/** Asks for name and notes of a run. */
export function EditRun({ record, onClose }: { record: RunRecord; onClose: () => void }) {
  const { t } = useTranslation()
  const { history } = useStudio()
  const [name, setName] = useState(record.name)
  const [notes, setNotes] = useState(record.notes)
  const isNamed = name.trim() !== ''
  const save = (event: FormEvent) => {
    event.preventDefault()
    if (!isNamed) return
    void history.change(record.id, { name: name.trim(), notes })
    onClose()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('runs.edit.title')}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form onSubmit={save}>
        <Stack gap="sm">
          <TextInput
            label={t('runs.edit.name')}
            value={name}
            maxLength={LONGEST_NAME}
            error={isNamed ? undefined : t('runs.edit.nameNeeded')}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <Textarea
            label={t('runs.edit.notes')}
            description={t('runs.edit.notesHint')}
            value={notes}
            maxLength={LONGEST_NOTES}
            autosize
            minRows={4}
            maxRows={14}
            onChange={(event) => setNotes(event.currentTarget.value)}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('runs.edit.cancel')}
            </Button>
            <Button type="submit" disabled={!isNamed}>
              {t('runs.edit.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
