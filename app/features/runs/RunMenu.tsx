import { ActionIcon, Menu } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconChartLine,
  IconDots,
  IconDownload,
  IconEraser,
  IconPackageExport,
  IconPencil,
  IconTrash,
} from '@tabler/icons-react'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../../format/numbers.ts'
import type { RunRecord } from '../../stores/history-record.ts'
import { DeleteFiles } from './DeleteFiles.tsx'
import { DeleteRuns } from './DeleteRuns.tsx'
import { EditRun } from './EditRun.tsx'
import { useRunDownloads } from './run-downloads.ts'
import { filesBytes, madeBy } from './run-look.ts'

interface RunMenuProps {
  record: RunRecord
  onDeleted?: () => void
}

/** Everything that can be done with a kept run. */
export function RunMenu({ record, onDeleted }: RunMenuProps) {
  const { t } = useTranslation()
  const downloads = useRunDownloads(record)
  const [editing, { open: edit, close: endEdit }] = useDisclosure(false)
  const [deleting, { open: askDelete, close: endDelete }] = useDisclosure(false)
  const [deletingFiles, { open: askDeleteFiles, close: endDeleteFiles }] = useDisclosure(false)
  const isLive = record.status === 'running'
  const button = useRef<HTMLButtonElement>(null)
  /** The item that opened the question is gone; the keyboard goes back to the button before it. */
  const after = (end: () => void) => () => {
    end()
    button.current?.focus()
  }
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon
            ref={button}
            variant="subtle"
            color="gray"
            aria-label={t('runs.actions.of', { name: record.name })}
          >
            <IconDots size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={15} aria-hidden />} onClick={edit}>
            {t('runs.actions.edit')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconPackageExport size={15} aria-hidden />} onClick={downloads.runFile}>
            {t('runs.actions.file')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconDownload size={15} aria-hidden />}
            onClick={downloads.files}
            disabled={record.files.length === 0}
          >
            {t(`runs.actions.${madeBy(record)}`)}
          </Menu.Item>
          <Menu.Item leftSection={<IconChartLine size={15} aria-hidden />} onClick={downloads.metrics}>
            {t('runs.actions.metrics')}
          </Menu.Item>
          <Menu.Divider />
          {record.files.length > 0 && (
            <Menu.Item leftSection={<IconEraser size={15} aria-hidden />} onClick={askDeleteFiles}>
              {t(`runs.actions.deleteFiles.${madeBy(record)}`, { bytes: formatBytes(filesBytes(record)) })}
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconTrash size={15} aria-hidden />}
            color="var(--nibble-bad)"
            onClick={askDelete}
            disabled={isLive}
            title={isLive ? t('runs.delete.live') : undefined}
          >
            {t('runs.actions.delete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {editing && <EditRun record={record} onClose={after(endEdit)} />}
      {deletingFiles && <DeleteFiles record={record} onClose={endDeleteFiles} />}
      {deleting && <DeleteRuns records={[record]} onClose={after(endDelete)} onDeleted={onDeleted} />}
    </>
  )
}
