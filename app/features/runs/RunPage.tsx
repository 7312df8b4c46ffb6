import { Alert, Anchor, Button, Group, Skeleton, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconArrowLeft, IconDownload, IconPackageExport, IconPencil, IconRepeat } from '@tabler/icons-react'
import { useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import { createStore } from 'zustand/vanilla'
import { type Fact, Facts } from '../../components/Facts.tsx'
import { Failure } from '../../components/Failure.tsx'
import { Page } from '../../components/Page.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatBytes, formatCount, formatDuration, formatInteger } from '../../format/numbers.ts'
import { ShownRun, useHistory, useRun, useStudio } from '../../stores/context.tsx'
import { type KeptRun, keptState, type RunRecord } from '../../stores/history-record.ts'
import { valueAt } from '../../stores/recipe-fields.ts'
import { isLive, type RunState } from '../../stores/run.ts'
import { RunBoard } from '../train/RunBoard.tsx'
import { recipeValue } from '../train/recipe-value.ts'
import { EditRun } from './EditRun.tsx'
import { useKeptRuns } from './kept-runs.ts'
import { RunMenu } from './RunMenu.tsx'
import classes from './RunPage.module.css'
import { RunStatus } from './RunStatus.tsx'
import { useRunDownloads } from './run-downloads.ts'
import { filesBytes, formatWholeDate, madeBy } from './run-look.ts'

/** One kept run: what it was, its charts as they were live, its recipe. */
export function RunPage({ id }: { id: string }) {
  const { t } = useTranslation()
  const opened = useHistory(({ status }) => status === 'ready')
  const record = useHistory(({ records }) => records.find((known) => known.id === id))
  const { runs, reading } = useKeptRuns(useMemo(() => [id], [id]))
  if (!record) {
    if (!opened) return <Reading />
    return (
      <Page title={t('runs.one.missing')}>
        <Text>{t('runs.one.missingHelp')}</Text>
        <BackLink />
      </Page>
    )
  }
  const run = runs[0]
  return (
    <Page title={record.name} actions={<Controls record={record} />}>
      <BackLink />
      {record.status === 'running' && <LiveNote />}
      {record.status === 'interrupted' && <Alert variant="default">{t('runs.one.interrupted')}</Alert>}
      {record.error && <Failure title={t('runs.one.failed')} error={record.error} />}
      <div className={classes.columns}>
        <Glance record={record} />
        <Notes record={record} />
      </div>
      {run ? <Charts run={run} /> : reading && <Skeleton height={260} aria-label={t('runs.one.loading')} />}
      <Settings record={record} />
    </Page>
  )
}

function Reading() {
  const { t } = useTranslation()
  return (
    <Page title={t('runs.title')}>
      <Skeleton height={260} aria-label={t('runs.one.loading')} />
    </Page>
  )
}

function BackLink() {
  const { t } = useTranslation()
  return (
    <Anchor component={Link} href="/runs" size="sm" className={classes.back}>
      <IconArrowLeft size={15} aria-hidden /> {t('runs.one.back')}
    </Anchor>
  )
}

function LiveNote() {
  const { t } = useTranslation()
  return (
    <Alert variant="default">
      {t('runs.one.live')}{' '}
      <Anchor component={Link} href="/train" size="sm" underline="always">
        {t('runs.one.toTrain')}
      </Anchor>
    </Alert>
  )
}

function Controls({ record }: { record: RunRecord }) {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const downloads = useRunDownloads(record)
  return (
    <Group gap="xs">
      {record.files.length > 0 && (
        <Button leftSection={<IconDownload size={16} aria-hidden />} onClick={downloads.files}>
          {t(`runs.actions.${madeBy(record)}`)}
        </Button>
      )}
      <Button
        variant="default"
        leftSection={<IconPackageExport size={16} aria-hidden />}
        onClick={downloads.runFile}
      >
        {t('runs.actions.file')}
      </Button>
      <RunMenu record={record} onDeleted={() => navigate('/runs')} />
    </Group>
  )
}

function Glance({ record }: { record: RunRecord }) {
  const { t } = useTranslation()
  const total = record.totalSteps > 0 ? record.totalSteps : record.step
  const facts: Fact[] = [
    { label: t('runs.columns.status'), value: <RunStatus status={record.status} /> },
    {
      label: t('runs.columns.step'),
      value: t('runs.stepsOf', { step: formatInteger(record.step), total: formatInteger(total) }),
    },
    { label: t('runs.columns.lastLoss'), value: <Quantity value={record.lastLoss} /> },
    { label: t('runs.columns.evalLoss'), value: <Quantity value={record.evalLoss} /> },
    { label: t('runs.columns.tokensPerSecond'), value: <Quantity value={record.tokensPerSecond} /> },
    {
      label: t('runs.columns.durationMs'),
      value: <Quantity value={record.durationMs} format={formatDuration} unit="" />,
    },
    { label: t('runs.columns.model'), value: record.model },
    { label: t('runs.columns.dataset'), value: record.dataset },
    { label: t('runs.one.device'), value: record.device || t('runs.differences.none') },
    {
      label: t('runs.one.parameters'),
      value: <Quantity value={record.trainableParameters} format={formatCount} unit="" />,
    },
    {
      label: t('runs.columns.sizeBytes'),
      value: <Quantity value={record.sizeBytes} format={formatBytes} unit="" />,
    },
    { label: t('runs.columns.startedAt'), value: formatWholeDate(record.startedAt) },
  ]
  if (record.status !== 'running') {
    facts.push({
      label: t(`runs.one.made.${madeBy(record)}`),
      value:
        record.files.length > 0 ? (
          <Quantity value={filesBytes(record)} format={formatBytes} unit="" />
        ) : (
          t('runs.one.notKept')
        ),
    })
  }
  return (
    <Panel title={t('runs.one.facts')} id="run-facts">
      <Facts facts={facts} />
    </Panel>
  )
}

function Notes({ record }: { record: RunRecord }) {
  const { t } = useTranslation()
  const [editing, { open: edit, close: endEdit }] = useDisclosure(false)
  const button = useRef<HTMLButtonElement>(null)
  return (
    <Panel
      title={t('runs.one.notes')}
      id="run-notes"
      actions={
        <Button
          ref={button}
          variant="subtle"
          size="compact-sm"
          leftSection={<IconPencil size={14} aria-hidden />}
          onClick={edit}
        >
          {t('runs.actions.edit')}
        </Button>
      }
    >
      <Text size="sm" className={classes.notes} c={record.notes ? undefined : 'var(--nibble-ink-soft)'}>
        {record.notes || t('runs.one.noNotes')}
      </Text>
      {record.importedFrom && (
        <Text size="xs" c="var(--nibble-ink-soft)" mt="sm">
          {t('runs.imported', { file: record.importedFrom.fileName })}
        </Text>
      )}
      {editing && (
        <EditRun
          record={record}
          onClose={() => {
            endEdit()
            button.current?.focus()
          }}
        />
      )}
    </Panel>
  )
}

/** The cards of a live run, shown a kept one; the live one itself while it is under way in this page. */
function Charts({ run }: { run: KeptRun }) {
  const { stores } = useStudio()
  const store = useMemo(() => {
    const live = stores.run.getState()
    if (live.runId === run.record.id && run.record.status === 'running') return stores.run
    return createStore<RunState>(() => keptState(run))
  }, [run, stores])
  return (
    <ShownRun run={store}>
      <RunBoard />
    </ShownRun>
  )
}

function Settings({ record }: { record: RunRecord }) {
  const { t } = useTranslation()
  const { fields, openRecipe, newRun } = useStudio()
  const [, navigate] = useLocation()
  const locked = useRun((run) => isLive(run.status))
  // What the form does not offer has one value only.
  const known = fields.filter(({ path }) => valueAt(record.config, path) !== undefined)
  const takeRecipe = () => {
    newRun()
    openRecipe(record.name, JSON.stringify(record.config))
    navigate('/train')
  }
  return (
    <Panel
      title={t('runs.one.settings')}
      help={t('runs.one.settingsHelp')}
      id="run-settings"
      actions={
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconRepeat size={14} aria-hidden />}
          disabled={locked}
          onClick={takeRecipe}
        >
          {t('runs.one.useRecipe')}
        </Button>
      }
    >
      <dl className={`${classes.settings} tabular`}>
        {known.map((field) => (
          <div key={field.path}>
            <dt title={field.path}>{field.label}</dt>
            <dd>{recipeValue(field, valueAt(record.config, field.path), t)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}
