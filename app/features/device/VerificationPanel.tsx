import { Button, Group, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconRefresh, IconX } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../components/Failure.tsx'
import { Panel } from '../../components/Panel.tsx'
import { formatDuration } from '../../format/numbers.ts'
import { useRun, useStudio, useVerification } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import { ChecksTable } from './ChecksTable.tsx'
import { VerificationProgress } from './VerificationNotice.tsx'
import classes from './VerificationPanel.module.css'
import { wrongGpu } from './wrong-gpu.ts'

/** The verdict on this device, the button that asks for it anew, and every check with its figures. */
export function VerificationPanel() {
  const { t } = useTranslation()
  const { verification } = useStudio()
  const state = useVerification((current) => current)
  const atWork = useRun((run) => isLive(run.status))
  const { status, error, checks } = state
  const isRunning = status === 'running'
  return (
    <Panel
      title={t('device.verification.title')}
      help={t('device.verification.help')}
      id="verification"
      actions={
        isRunning ? (
          <Button
            variant="default"
            flex="none"
            leftSection={<IconX size={16} aria-hidden />}
            onClick={verification.cancel}
          >
            {t('device.verification.cancel')}
          </Button>
        ) : (
          <Button
            variant="default"
            flex="none"
            leftSection={<IconRefresh size={16} aria-hidden />}
            disabled={atWork}
            title={atWork ? t('device.verification.busy') : undefined}
            onClick={() => void verification.verify()}
          >
            {t(status === 'unknown' ? 'device.verification.check' : 'device.verification.again')}
          </Button>
        )
      }
    >
      <div className={classes.parts}>
        <div aria-live="polite">{isRunning ? <VerificationProgress /> : <Verdict />}</div>
        {status === 'failed' && (
          <Failure title={t('device.verification.wrongTitle')} error={wrongGpu(state, t)} />
        )}
        {error && <Failure title={t('device.verification.unfinishedTitle')} error={error} />}
        {checks.length > 0 && <ChecksTable checks={checks} />}
      </div>
    </Panel>
  )
}

function Verdict() {
  const { t } = useTranslation()
  const { status, checks, durationMs, verifiedAt } = useVerification((state) => state)
  const failed = checks.filter(({ passed }) => !passed).length
  const passed = status === 'passed'
  const Icon = passed ? IconCircleCheck : IconAlertTriangle
  const tone = passed ? 'var(--nibble-good)' : status === 'failed' ? 'var(--nibble-bad)' : undefined
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      {tone && <Icon size={19} color={tone} aria-hidden className={classes.mark} />}
      <Text fw={550} c={tone}>
        {t(`device.verification.status.${status}`, {
          count: passed ? checks.length : failed,
          total: checks.length,
          done: checks.length,
          time: formatDuration(durationMs),
        })}{' '}
        {verifiedAt !== null && (
          <Text span size="sm" c="var(--nibble-ink-soft)">
            {t('device.verification.when', { date: new Date(verifiedAt).toLocaleString('en') })}
          </Text>
        )}
      </Text>
    </Group>
  )
}
