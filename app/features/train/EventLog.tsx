import { Text } from '@mantine/core'
import {
  IconAlertTriangle,
  IconChartDots,
  IconCircleCheck,
  IconGridDots,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlugConnectedX,
} from '@tabler/icons-react'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { Panel } from '../../components/Panel.tsx'
import { formatNumber } from '../../format/numbers.ts'
import { asAdvice, asSentence } from '../../format/sentences.ts'
import { useRun } from '../../stores/context.tsx'
import type { LogEntry } from '../../stores/run.ts'
import classes from './EventLog.module.css'

const ICONS: Record<LogEntry['kind'], typeof IconPlayerPlay> = {
  started: IconPlayerPlay,
  quantized: IconGridDots,
  evaluated: IconChartDots,
  paused: IconPlayerPause,
  resumed: IconPlayerPlay,
  'device-lost': IconPlugConnectedX,
  'not-finite': IconAlertTriangle,
  warning: IconAlertTriangle,
  finished: IconCircleCheck,
  failed: IconAlertTriangle,
}

const BAD: ReadonlySet<LogEntry['kind']> = new Set(['device-lost', 'not-finite', 'warning', 'failed'])

/** A long run has thousands of lines; nobody reads them here, and the chart has them all. */
const SHOWN = 100

/** What has happened, the latest first, in words. */
export function EventLog() {
  const { t } = useTranslation()
  const log = useRun((run) => run.log)
  return (
    <Panel title={t('cards.log_.title')} id="card-log">
      {log.length === 0 ? (
        <Text size="sm" c="var(--nibble-ink-soft)">
          {t('cards.log_.empty')}
        </Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        <ul className={classes.log} tabIndex={0} aria-label={t('cards.log_.title')}>
          {log
            .slice(-SHOWN)
            .reverse()
            .map((entry) => {
              const Icon = ICONS[entry.kind]
              return (
                <li key={entry.id} data-bad={BAD.has(entry.kind) || undefined}>
                  <Icon size={15} stroke={1.7} aria-hidden />
                  <span>{inWords(entry, t)}</span>
                  <span className={classes.step}>
                    {entry.step > 0 && t('cards.log_.step', { step: entry.step })}
                  </span>
                </li>
              )
            })}
        </ul>
      )}
    </Panel>
  )
}

function inWords(entry: LogEntry, t: TFunction): string {
  switch (entry.kind) {
    case 'started':
      return entry.step > 0
        ? t('cards.log_.wentOn', { step: entry.step, total: entry.totalSteps })
        : t('cards.log_.started', { count: entry.totalSteps })
    case 'quantized':
      return t('cards.log_.quantized', { count: entry.tensors })
    case 'evaluated':
      return t('cards.log_.evaluated', { loss: formatNumber(entry.loss) })
    case 'device-lost':
      return t('cards.log_.device-lost', { message: entry.message, step: entry.resumesFrom })
    case 'not-finite':
      return t('cards.log_.not-finite', {
        metric: t(`metrics.${entry.metric}` as 'metrics.train/loss'),
        value: formatNumber(entry.value),
      })
    case 'warning':
      return [asSentence(entry.message), entry.fix && asAdvice(entry.fix)].filter(Boolean).join(' ')
    case 'finished':
      return t(entry.stopped ? 'cards.log_.stopped' : 'cards.log_.finished')
    case 'failed':
      return t('cards.log_.failed', { message: entry.message })
    default:
      return t(`cards.log_.${entry.kind}`)
  }
}
