import { notifications } from '@mantine/notifications'
import { useTranslation } from 'react-i18next'
import { errorToData } from '../../../src/util/errors.ts'
import { baseName, downloadFile } from '../../components/download.ts'
import { useStudio } from '../../stores/context.tsx'
import type { RunRecord } from '../../stores/history-record.ts'
import { metricsJsonl } from '../../stores/run.ts'
import { fileNameOf, RUN_FILE_EXTENSION, RUN_FILE_TYPE, writeRunFile } from './run-file.ts'

/** What of a kept run can be taken home. Whatever fails is said. */
export function useRunDownloads(record: RunRecord) {
  const { t } = useTranslation()
  const { history } = useStudio()
  const { id } = record
  const name = fileNameOf(record)
  const told = (act: () => Promise<void>) => async () => {
    try {
      await act()
    } catch (error) {
      const { message, hint } = errorToData(error)
      notifications.show({
        color: 'red',
        title: t('runs.downloadFailed'),
        message: [message, hint].filter(Boolean).join(' '),
        autoClose: false,
        closeButtonProps: { 'aria-label': t('app.close') },
      })
    }
  }
  const needRun = async () => {
    const run = await history.read(id)
    if (!run) throw new Error(t('runs.one.missing'))
    return run
  }
  return {
    runFile: told(async () => {
      const bytes = await writeRunFile(await needRun(), await history.readFiles(id))
      downloadFile(`${name}${RUN_FILE_EXTENSION}`, bytes, RUN_FILE_TYPE)
    }),
    files: told(async () => {
      for (const { path, bytes } of await history.readFiles(id)) downloadFile(baseName(path), bytes)
    }),
    metrics: told(async () => {
      const { steps, detail } = await needRun()
      const text = metricsJsonl({ steps, evaluations: detail.evaluations })
      downloadFile(`${name}.metrics.jsonl`, text, 'application/jsonl')
    }),
  }
}
