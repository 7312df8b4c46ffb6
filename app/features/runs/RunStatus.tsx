import {
  IconAlertTriangle,
  IconCircleCheck,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlugConnectedX,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { RecordStatus } from '../../stores/history-record.ts'
import classes from './RunStatus.module.css'

const MARKS: Record<RecordStatus, { icon: typeof IconCircleCheck; tone: string }> = {
  running: { icon: IconPlayerPlay, tone: 'var(--nibble-series-main)' },
  finished: { icon: IconCircleCheck, tone: 'var(--nibble-good)' },
  stopped: { icon: IconPlayerStop, tone: 'var(--nibble-ink-soft)' },
  failed: { icon: IconAlertTriangle, tone: 'var(--nibble-bad)' },
  interrupted: { icon: IconPlugConnectedX, tone: 'var(--nibble-series-eval)' },
}

/** How a kept run stands, as a mark and a word. */
export function RunStatus({ status }: { status: RecordStatus }) {
  const { t } = useTranslation()
  const { icon: Icon, tone } = MARKS[status]
  return (
    <span className={classes.status}>
      <Icon size={15} stroke={1.8} color={tone} aria-hidden />
      {t(`runs.status.${status}`)}
    </span>
  )
}
