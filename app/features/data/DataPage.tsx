import { Button, Progress, Skeleton, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { UNKNOWN_COLUMNS } from '../../../src/session/reports.ts'
import { type ErrorData, errorToData, inputError, type Problem } from '../../../src/util/errors.ts'
import { DropArea } from '../../components/DropArea.tsx'
import { Failure } from '../../components/Failure.tsx'
import { Page } from '../../components/Page.tsx'
import { Panel } from '../../components/Panel.tsx'
import { formatInteger } from '../../format/numbers.ts'
import { useDataset, useRun, useStudio } from '../../stores/context.tsx'
import { sameFile } from '../../stores/preparation.ts'
import { isLive } from '../../stores/run.ts'
import type { DatasetState } from '../../stores/state.ts'
import { Locked } from '../model/ModelPage.tsx'
import { ColumnChooser } from './ColumnChooser.tsx'
import classes from './DataPage.module.css'
import { DataProblems } from './DataProblems.tsx'
import { DatasetFacts } from './DatasetFacts.tsx'
import { DemoChoice } from './DemoChoice.tsx'
import { LengthHistogram } from './LengthHistogram.tsx'
import { RowPreview } from './RowPreview.tsx'

const DATASET_FILE = /\.(jsonl|json|ndjson|txt)$/i

export function DataPage() {
  const { t } = useTranslation()
  const studio = useStudio()
  const { status, requested, opened, summary, progress, failure } = useDataset((dataset) => dataset)
  const locked = useRun((run) => isLive(run.status))
  const [refused, setRefused] = useState<ErrorData | null>(null)

  const take = (files: File[]) => {
    const [file] = files
    const problem = problemWith(files)
    setRefused(problem ? errorToData(inputError('dataset', [problem])) : null)
    if (problem) return
    studio.openDataset({
      kind: 'file',
      file: { kind: 'blob', name: file.name, blob: file },
      skipBadRows: false,
    })
  }

  const problemWith = (files: File[]): Problem | null => {
    if (files.length !== 1) return { message: t('data.tooMany', { count: files.length }) }
    if (!DATASET_FILE.test(files[0].name)) {
      return { message: t('data.wrongType', { name: files[0].name }), fix: t('data.wrongTypeFix') }
    }
    return null
  }

  const opening = status === 'opening'
  // What is read again in another way stays in sight, and the focus where it is.
  const rereading = opening && opened !== null && summary !== null && sameFile(opened, requested)
  const name = requested.kind === 'file' ? requested.file.name : t(`data.demo.${requested.id}.name`)
  return (
    <Page title={t('data.title')} lead={t('data.lead')}>
      {locked && <Locked />}
      {failure && !opening && <DatasetFailure failure={failure} kept={summary !== null} />}
      {refused && <Failure title={refused.message} error={refused} onClose={() => setRefused(null)} />}
      <div className={classes.sources}>
        <Panel title={t('data.own')} id="data-own">
          <DropArea
            title={t('data.drop')}
            activeTitle={t('data.dropActive')}
            help={t('data.dropHelp')}
            accept=".jsonl,.json,.ndjson,.txt"
            multiple={false}
            disabled={locked}
            onFiles={take}
          >
            {(open) => (
              <Button variant="default" disabled={locked} onClick={open}>
                {t('data.choose')}
              </Button>
            )}
          </DropArea>
        </Panel>
        <Panel title={t('data.demos')} id="data-demos">
          <DemoChoice disabled={locked} />
        </Panel>
      </div>
      {opening && !rereading ? (
        <Panel title={t('data.opening', { name })} id="data-opening">
          <Progress
            value={progress && progress.total > 0 ? (100 * progress.done) / progress.total : 0}
            aria-label={t('data.opening', { name })}
            transitionDuration={0}
          />
          <Text size="sm" c="var(--nibble-ink-soft)" my="sm" className="tabular">
            {progress
              ? t('data.readingRows', {
                  done: formatInteger(progress.done),
                  total: formatInteger(progress.total),
                })
              : ' '}
          </Text>
          <Skeleton height={160} radius="md" />
        </Panel>
      ) : summary ? (
        <>
          {rereading && <Progress value={100} animated aria-label={t('data.opening', { name })} />}
          <DataProblems summary={summary} />
          <div className={classes.columns}>
            <RowPreview preview={summary.preview} />
            <div className={classes.side}>
              <DatasetFacts summary={summary} />
              <LengthHistogram summary={summary} />
            </div>
          </div>
        </>
      ) : (
        <Panel title={t('data.none')} id="data-none">
          <Text c="var(--nibble-ink-soft)">{t('data.dropHelp')}</Text>
        </Panel>
      )}
    </Page>
  )
}

function DatasetFailure({ failure, kept }: { failure: NonNullable<DatasetState['failure']>; kept: boolean }) {
  const { t } = useTranslation()
  const studio = useStudio()
  const { name, error, columns } = failure
  const title = t(kept ? 'data.failedKept' : 'data.failed', { name })
  const isUnread = columns.length > 0
  return (
    <>
      <Failure
        title={title}
        error={isUnread && error.code === UNKNOWN_COLUMNS ? withFix(error, t('data.columns.fix')) : error}
        onClose={studio.dismissDatasetFailure}
      />
      {isUnread && <ColumnChooser key={name} failure={failure} />}
    </>
  )
}

/** The same error with what to do in this place. */
const withFix = ({ details: _, ...error }: ErrorData, fix: string): ErrorData => ({
  ...error,
  hint: fix,
  problems: error.problems?.map((problem) => ({ ...problem, fix })),
})
