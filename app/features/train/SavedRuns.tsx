import { Anchor, Button, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlayerPlay, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import { Failure } from '../../components/Failure.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Question } from '../../components/Question.tsx'
import { formatBytes, formatNumber } from '../../format/numbers.ts'
import { useDataset, useHistory, useModel, useRun, useSavedRuns, useStudio } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import { missing, type SavedRun } from '../../stores/saved-runs.ts'
import classes from './SavedRuns.module.css'

/** Runs that a reload, a crash or a stop has interrupted: each can be gone on with or discarded. */
export function SavedRuns() {
  const { t } = useTranslation()
  const { savedRuns } = useStudio()
  const runs = useSavedRuns((state) => state.runs)
  const failure = useSavedRuns((state) => state.failure)
  const live = useRun((run) => isLive(run.status))
  const current = useRun((run) => run.runId)
  const shown = runs.filter(({ runId }) => runId !== current)
  if (live || (shown.length === 0 && !failure)) return null
  return (
    <div className={classes.runs}>
      {failure && (
        <Failure
          title={t(`train.saved.failed.${failure.doing}`)}
          error={failure.error}
          onClose={savedRuns.dismissFailure}
        />
      )}
      {shown.length > 0 && (
        <Panel title={t('train.saved.title', { count: shown.length })} id="saved-runs">
          <ul className={classes.list}>
            {shown.map((saved) => (
              <li key={saved.runId}>
                <Saved saved={saved} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  )
}

function Saved({ saved }: { saved: SavedRun }) {
  const { t } = useTranslation()
  const { savedRuns } = useStudio()
  const [, navigate] = useLocation()
  const opening = useSavedRuns((state) => state.opening)
  // What it was trained on is known from the history.
  useHistory((history) => history.records)
  const model = useModel((state) => state)
  const dataset = useDataset((state) => state)
  const [asking, { open: ask, close: stopAsking }] = useDisclosure(false)
  const inputs = savedRuns.inputsOf(saved)
  const needed = missing(inputs, model, dataset)
  const { step, totalSteps, savedAt, sizeBytes, summary } = saved
  const facts = [
    inputs.model,
    inputs.dataset,
    summary.lastLoss !== null && t('train.saved.loss', { loss: formatNumber(summary.lastLoss) }),
    t('train.saved.size', { bytes: formatBytes(sizeBytes) }),
  ]
  return (
    <div className={classes.run}>
      <div className={classes.what}>
        <Text fw={600}>{t('train.saved.stoppedAt', { time: timeOf(savedAt), step, total: totalSteps })}</Text>
        <Text size="sm" c="var(--nibble-ink-soft)" className="tabular">
          {facts.filter(Boolean).join(' · ')}
        </Text>
        {needed.length > 0 && (
          <Text size="sm" className={classes.needs}>
            {t('train.saved.needs')}{' '}
            {needed.map((what, index) => (
              <span key={what}>
                {index > 0 && ` ${t('train.saved.and')} `}
                <Anchor
                  component={Link}
                  href={what === 'model' ? '/model' : '/data'}
                  size="sm"
                  underline="always"
                >
                  {t(`train.saved.${what}`, { name: inputs[what] ?? '' })}
                </Anchor>
              </span>
            ))}
            {'. '}
            {t('train.saved.noCopy')}
          </Text>
        )}
      </div>
      <Group gap="xs" wrap="nowrap">
        <Button
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          disabled={needed.length > 0 || (opening !== null && opening !== saved.runId)}
          loading={opening === saved.runId}
          onClick={() => {
            void savedRuns.goOn(saved)
            navigate('/train')
          }}
        >
          {t('train.saved.goOn')}
        </Button>
        <Button
          variant="default"
          leftSection={<IconTrash size={16} aria-hidden />}
          disabled={opening === saved.runId}
          onClick={ask}
        >
          {t('train.saved.discard')}
        </Button>
      </Group>
      <Question
        opened={asking}
        title={t('train.saved.discardTitle')}
        keep={t('train.saved.keep')}
        confirm={t('train.saved.discardConfirm')}
        onClose={stopAsking}
        onConfirm={() => void savedRuns.discard(saved)}
      >
        <Text>{t('train.saved.discardText', { step, bytes: formatBytes(sizeBytes) })}</Text>
      </Question>
    </div>
  )
}

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** The time alone where it was today. */
function timeOf(at: number): string {
  const isToday = new Date(at).toDateString() === new Date().toDateString()
  return (isToday ? time : dateAndTime).format(at)
}
