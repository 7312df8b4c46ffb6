import { Button, Group, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

interface QuestionProps {
  opened?: boolean
  title: string
  /** Words of the button that leaves all as it is; it has the focus. */
  keep: string
  /** Words of the button that does it. */
  confirm: string
  onClose: () => void
  /** After the dialog was closed. */
  onConfirm: () => void
  children: ReactNode
}

/** Asks once before something that cannot be undone. */
export function Question({
  opened = true,
  title,
  keep,
  confirm,
  onClose,
  onConfirm,
  children,
}: QuestionProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      centered
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {children}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          {keep}
        </Button>
        <Button
          color="red"
          onClick={() => {
            onClose()
            onConfirm()
          }}
        >
          {confirm}
        </Button>
      </Group>
    </Modal>
  )
}
