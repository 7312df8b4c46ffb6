import { Alert, Box, Button, Group, Progress, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { IconAlertTriangle, IconDownload, IconPlayerPlay, IconRepeat } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { RunSummary } from '../../../src/session/events.ts'
import { errorToData } from '../../../src/util/errors.ts'
import { baseName, downloadFile } from '../../components/download.ts'
import { type Fact, Facts } from '../../components/Facts.tsx'
import { Failure } from '../../components/Failure.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEstimate,
  formatInteger,
  formatNumber,
} from '../../format/numbers.ts'
import { asAdvice, asSentence } from '../../format/sentences.ts'
import { useRun, useSavedRuns, useStudio } from '../../stores/context.tsx'
import { metricsJsonl } from '../../stores/run.ts'
import { RunControls } from './RunControls.tsx'
import classes from './RunHead.module.css'
import { shortName } from './tensor-names.ts'

/** How the run stands: progress and its controls, then its summary and what can be taken home. */
export function RunHead() {
  const status = useRun((run) => run.status)
  const summary = useRun((run) => run.summary)
  if (status === 'finished' && summary) return <Finished summary={summary} />
  if (status === 'failed') return <Failed />
  return <Live />
}

function Live() {
  const { t } = useTranslation()
  const { status, step, phase, progress, secondsLeft, steps, tensors, checkpoint, log } = useRun((run) => run)
  const paused = status === 'paused'
  const metrics = steps.last?.metrics
  const warning = log.findLast((entry) => entry.kind === 'warning')
  const tensor = phase === 'quantizing' ? tensors.at(-1) : undefined
  const title =
    status === 'paused' || status === 'stopping' || status === 'recovering'
      ? t(`train.phases.${status}`)
      : t(`train.phases.${status === 'starting' || !phase ? 'starting' : phase}`)
  const stepMs = metrics?.['speed/step_ms']
  return (
    <Panel
      title={title}
      id="run-head"
      actions={
        <Box visibleFrom="xs">
          <RunControls />
        </Box>
      }
    >
      <Box hiddenFrom="xs" mb="sm" className={classes.narrow}>
        <RunControls />
      </Box>
      <Progress
        size="lg"
        radius="sm"
        value={progress && progress.total > 0 ? (100 * progress.done) / progress.total : 0}
        aria-label={title}
        transitionDuration={0}
        className={paused ? classes.paused : undefined}
      />
      <div className={`${classes.figures} tabular`}>
        {progress && (
          <span className={classes.first}>
            {t(`train.units.${progress.unit}`, {
              done: formatInteger(progress.done),
              total: formatInteger(progress.total),
            })}
          </span>
        )}
        {tensor && (
          <span>
            {t('train.tensorJust', {
              name: shortName(tensor.name),
              rmse: formatNumber(tensor.rmse),
              snr: formatNumber(tensor.snrDb),
            })}
          </span>
        )}
        {phase === 'training' && !paused && stepMs !== undefined && (
          <span>{t('train.stepRate', { rate: formatNumber(1000 / stepMs) })}</span>
        )}
        {phase === 'training' && !paused && metrics?.['speed/tokens_per_second'] !== undefined && (
          <span>{t('train.rate', { rate: formatNumber(metrics['speed/tokens_per_second']) })}</span>
        )}
        {secondsLeft !== null && <span>{t('train.left', { time: formatEstimate(secondsLeft) })}</span>}
        {checkpoint && (
          <span title={formatBytes(checkpoint.sizeBytes)}>
            {t('train.savedAt', { step: formatInteger(checkpoint.step) })}
          </span>
        )}
      </div>
      {status === 'recovering' && (
        <Text size="sm" mt="sm">
          {t('status.live.recovering', { step: formatInteger(step) })}
        </Text>
      )}
      {warning && (
        <Alert role="alert" variant="default" color="orange" mt="sm" icon={<IconAlertTriangle aria-hidden />}>
          {asSentence(warning.message)} {warning.fix && asAdvice(warning.fix)}
        </Alert>
      )}
    </Panel>
  )
}

function Finished({ summary }: { summary: RunSummary }) {
  const { t } = useTranslation()
  const facts: Fact[] = []
  if (summary.firstLoss !== null)
    facts.push({ label: t('train.summary.lossFirst'), value: <Quantity value={summary.firstLoss} /> })
  if (summary.lastLoss !== null)
    facts.push({ label: t('train.summary.lossLast'), value: <Quantity value={summary.lastLoss} /> })
  if (summary.evalLoss !== null) {
    facts.push({
      label: t('train.summary.evalLoss'),
      value: <Quantity value={summary.evalLoss} />,
      note:
        summary.evalLossBefore !== null &&
        t('train.summary.evalBefore', { before: formatNumber(summary.evalLossBefore) }),
    })
  }
  facts.push(
    { label: t('train.summary.steps'), value: <Quantity value={summary.steps} format={formatInteger} /> },
    {
      label: t('train.summary.duration'),
      value: <Quantity value={summary.durationMs} format={formatDuration} unit="" />,
    },
    {
      label: t('train.summary.rate'),
      value: <Quantity value={summary.tokensPerSecond} />,
      note: t('train.summary.rateUnit'),
    },
    {
      label: t('train.summary.tokens'),
      value: <Quantity value={summary.supervisedTokens} format={formatCount} />,
    },
    {
      label: t('train.summary.memory'),
      value: <Quantity value={summary.gpuBytes} format={formatBytes} unit="" />,
    },
  )
  return (
    <Panel title={t(summary.stopped ? 'train.stoppedTitle' : 'train.finishedTitle')} id="run-head">
      <Facts large facts={facts} />
      <Group mt="lg" gap="xs">
        <DownloadAdapter />
        <DownloadMetrics />
        <GoOnFromCheckpoint />
        <BackToRecipe />
      </Group>
      <Text size="sm" c="var(--nibble-ink-soft)" mt={8}>
        {t('train.downloadHelp')}
      </Text>
    </Panel>
  )
}

function Failed() {
  const { t } = useTranslation()
  const error = useRun((run) => run.error)
  const hasSteps = useRun((run) => run.steps.length > 0)
  if (!error) return null
  return (
    <>
      <Failure
        title={hasSteps ? `${t('train.failedTitle')}. ${t('train.failedKept')}` : t('train.failedTitle')}
        error={error}
      />
      <Group gap="xs">
        <GoOnFromCheckpoint />
        <BackToRecipe />
        {hasSteps && <DownloadMetrics />}
      </Group>
    </>
  )
}

/** For a run that was stopped or has failed, and was saved before. */
function GoOnFromCheckpoint() {
  const { t } = useTranslation()
  const { savedRuns } = useStudio()
  const runId = useRun((run) => run.runId)
  const saved = useSavedRuns((state) => state.runs.find((each) => each.runId === runId))
  const opening = useSavedRuns((state) => state.opening)
  if (!saved) return null
  return (
    <Button
      variant="default"
      leftSection={<IconPlayerPlay size={16} aria-hidden />}
      loading={opening !== null}
      onClick={() => void savedRuns.goOn(saved)}
    >
      {t('train.goOnFrom', { step: saved.step })}
    </Button>
  )
}

function BackToRecipe() {
  const { t } = useTranslation()
  const { newRun } = useStudio()
  return (
    <Button variant="default" leftSection={<IconRepeat size={16} aria-hidden />} onClick={newRun}>
      {t('train.changeRecipe')}
    </Button>
  )
}

function DownloadAdapter() {
  const { t } = useTranslation()
  const { exportAdapter } = useStudio()
  const [busy, { open: begin, close: end }] = useDisclosure(false)
  const download = async () => {
    begin()
    try {
      for (const { path, bytes } of await exportAdapter()) downloadFile(baseName(path), bytes)
    } catch (error) {
      const { message, hint } = errorToData(error)
      notifications.show({
        color: 'red',
        title: t('train.downloadFailed'),
        message: [message, hint].filter(Boolean).join(' '),
        autoClose: false,
        closeButtonProps: { 'aria-label': t('app.close') },
      })
    } finally {
      end()
    }
  }
  return (
    <Button leftSection={<IconDownload size={16} aria-hidden />} loading={busy} onClick={download}>
      {t('train.download')}
    </Button>
  )
}

function DownloadMetrics() {
  const { t } = useTranslation()
  const { stores } = useStudio()
  return (
    <Button
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
      onClick={() => downloadFile('metrics.jsonl', metricsJsonl(stores.run.getState()), 'application/jsonl')}
    >
      {t('train.downloadMetrics')}
    </Button>
  )
}
