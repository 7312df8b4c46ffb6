import { Button, Loader } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconFileImport } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type ErrorData, errorToData } from '../../../src/util/errors.ts'
import { DropArea } from '../../components/DropArea.tsx'
import { Failure } from '../../components/Failure.tsx'
import { useStudio } from '../../stores/context.tsx'
import { RUN_FILE_EXTENSION, readRunFile } from './run-file.ts'

/** Takes run files from elsewhere into the history. */
export function OpenRunFile() {
  const { t } = useTranslation()
  const { history } = useStudio()
  const [opening, setOpening] = useState<string | null>(null)
  const [failures, setFailures] = useState<{ name: string; error: ErrorData }[]>([])

  const open = async (files: readonly File[]) => {
    setFailures([])
    for (const file of files) {
      setOpening(file.name)
      try {
        const { run, files: outputs } = await readRunFile(file)
        const { isNew } = await history.add(run, outputs, file.name)
        notifications.show({
          message: t(isNew ? 'runs.file.opened' : 'runs.file.known', { name: run.record.name }),
          closeButtonProps: { 'aria-label': t('app.close') },
        })
      } catch (error) {
        setFailures((before) => [...before, { name: file.name, error: errorToData(error) }])
      }
    }
    setOpening(null)
  }

  return (
    <>
      {failures.map(({ name, error }) => (
        <Failure
          key={name}
          title={t('runs.file.failed', { name })}
          error={error}
          onClose={() => setFailures((before) => before.filter((failure) => failure.name !== name))}
        />
      ))}
      <DropArea
        title={opening === null ? t('runs.file.title') : t('runs.file.opening', { name: opening })}
        help={t('runs.file.help')}
        activeTitle={t('runs.file.drop')}
        accept={RUN_FILE_EXTENSION}
        icon={IconFileImport}
        disabled={opening !== null}
        onFiles={open}
      >
        {(choose) => (
          <Button variant="default" onClick={choose} disabled={opening !== null}>
            {opening === null ? t('runs.file.choose') : <Loader size="xs" />}
          </Button>
        )}
      </DropArea>
    </>
  )
}
