import { Alert, Button, List, Skeleton, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconPlayerPlayFilled } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { PlanReport } from '../../../src/session/reports.ts'
import { Failure } from '../../components/Failure.tsx'
import { MemoryBar } from '../../components/MemoryBar.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import {
  formatBytes,
  formatCount,
  formatEstimate,
  formatNumber,
  formatPercent,
} from '../../format/numbers.ts'
import { useDataset, useModel, useRecipe, useRun, useStudio, useVerification } from '../../stores/context.tsx'
import { readyToStart } from '../../stores/preparation.ts'
import { isLive } from '../../stores/run.ts'
import { estimateSeconds } from './estimate.ts'
import classes from './StartPanel.module.css'

/** The memory plan and the button. Says in one line why the button waits, when it does. */
export function StartPanel() {
  const { t } = useTranslation()
  const studio = useStudio()
  const [, navigate] = useLocation()
  const model = useModel((state) => state)
  const dataset = useDataset((state) => state)
  const recipe = useRecipe((state) => state)
  const status = useRun((run) => run.status)
  const { plan, planError, quickTry } = recipe
  const computesWrongly = useVerification((verification) => verification.status === 'failed')
  const ready = readyToStart(model, dataset, recipe) && !computesWrongly
  const seconds = estimateSeconds(recipe)
  const opening = model.status === 'opening' || dataset.status === 'opening'
  const isMissing = !opening && !(model.summary && dataset.summary && recipe.config)
  const why = reasonToWait()

  function reasonToWait() {
    if (ready) return null
    if (computesWrongly) return t('start.why.wrongGpu')
    if (opening) return t('start.why.opening')
    if (!model.summary) return t('start.why.model')
    if (!dataset.summary) return t('start.why.data')
    if (!recipe.config) return t('start.why.recipe')
    if (recipe.measuring) return t('start.why.measuring')
    if (recipe.planning) return t('start.why.planning')
    return planError ? t('start.why.plan') : t('start.why.planning')
  }

  return (
    <Panel
      title={t('start.title')}
      help={t('memory.planned')}
      id="plan"
      actions={plan && <Verdict plan={plan} />}
    >
      {plan ? (
        <div className={classes.plan} data-stale={recipe.planning || recipe.measuring || undefined}>
          <p className={classes.total}>
            <Quantity value={plan.totalBytes} format={formatBytes} unit="" />
          </p>
          <MemoryBar bytes={plan.bytes} />
          <Exceeded plan={plan} />
          <Text size="sm" c="var(--nibble-ink-soft)" mt="xs">
            {plan.bitsPerParameter !== null && (
              <>
                <Quantity value={plan.bitsPerParameter} unit={t('memory.bitsPerParameter')} /> ·{' '}
              </>
            )}
            {t('memory.trainable', {
              amount: formatCount(plan.trainableParameters),
              share: formatPercent(model.summary && plan.trainableParameters / model.summary.parameters),
            })}
            {plan.totalSteps !== null && ` · ${t('home.steps', { count: plan.totalSteps })}`}
          </Text>
        </div>
      ) : planError ? (
        <Failure
          title={t('start.why.plan')}
          error={planError}
          actions={
            <Button size="compact-sm" variant="default" onClick={studio.retryPlan}>
              {t('blocked.tryAgain')}
            </Button>
          }
        />
      ) : isMissing ? (
        <Text c="var(--nibble-ink-soft)">{t('start.unknown')}</Text>
      ) : (
        <Waiting />
      )}
      <div className={classes.start}>
        {isLive(status) ? (
          <Button size="lg" fullWidth onClick={() => navigate('/train')}>
            {t('start.seeRun')}
          </Button>
        ) : (
          <Button
            size="lg"
            fullWidth
            // The estimate must not be cut off on a narrow screen.
            h="auto"
            mih={50}
            py={8}
            styles={{ label: { whiteSpace: 'normal', lineHeight: 1.25 } }}
            disabled={!ready}
            leftSection={<IconPlayerPlayFilled size={17} aria-hidden />}
            aria-describedby="start-note"
            onClick={() => {
              void studio.start()
              navigate('/train')
            }}
          >
            <span>
              {t('start.button')}
              {ready && seconds !== null && (
                <>
                  {' '}
                  <span className={classes.estimate}>
                    {t('start.estimate', { time: formatEstimate(seconds) })}
                  </span>
                </>
              )}
            </span>
          </Button>
        )}
        <Text
          size="sm"
          c="var(--nibble-ink-soft)"
          ta="center"
          id="start-note"
          aria-live="polite"
          className="tabular"
        >
          {why ??
            [
              quickTry && t('start.estimateHelp', { rate: formatNumber(quickTry.tokensPerSecond) }),
              t('start.private'),
            ]
              .filter(Boolean)
              .join(' ')}
        </Text>
      </div>
    </Panel>
  )
}

function Verdict({ plan }: { plan: PlanReport }) {
  const { t } = useTranslation()
  const fits = plan.verdicts.every(({ ok }) => ok)
  const Icon = fits ? IconCircleCheck : IconAlertTriangle
  return (
    <Text
      size="sm"
      fw={550}
      className={classes.verdict}
      c={fits ? 'var(--nibble-good)' : 'var(--nibble-bad)'}
    >
      <Icon size={16} aria-hidden />
      {t(fits ? 'memory.verdictOk' : 'memory.verdictOver')}
    </Text>
  )
}

function Exceeded({ plan }: { plan: PlanReport }) {
  const { t } = useTranslation()
  const exceeded = plan.verdicts.filter(({ ok }) => !ok)
  if (exceeded.length === 0) return null
  return (
    <Alert variant="light" color="red" mt="sm" title={t('memory.verdicts')}>
      <List size="sm">
        {exceeded.map(({ limit, needed, available }) => (
          <List.Item key={limit}>
            {t('memory.verdictRow', {
              limit,
              needed: formatBytes(needed),
              available: formatBytes(available),
            })}
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

function Waiting() {
  return (
    <>
      <Skeleton height={34} width={130} mb="sm" />
      <Skeleton height={22} mb="md" />
      <Skeleton height={14} mb={8} />
      <Skeleton height={14} mb={8} width="80%" />
      <Skeleton height={14} width="60%" />
    </>
  )
}
