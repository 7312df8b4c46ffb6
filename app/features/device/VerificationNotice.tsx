import { Alert, Button, Progress, Text } from '@mantine/core'
import { IconShieldCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { Failure } from '../../components/Failure.tsx'
import { useRun, useVerification } from '../../stores/context.tsx'
import { wrongGpu } from './wrong-gpu.ts'

/** What a person who wants to train must know of the check of the device: that it failed, or that the run waits for it. */
export function VerificationNotice() {
  const { t } = useTranslation()
  const verification = useVerification((state) => state)
  const isStarting = useRun((run) => run.status === 'starting')
  if (verification.status === 'failed') {
    return (
      <Failure
        title={t('device.verification.wrongTitle')}
        error={wrongGpu(verification, t)}
        actions={
          <Button component={Link} href="/device" size="compact-sm" variant="default">
            {t('device.verification.see')}
          </Button>
        }
      />
    )
  }
  if (verification.status !== 'running' || !isStarting) return null
  return (
    <Alert variant="light" icon={<IconShieldCheck aria-hidden />} title={<VerificationProgress />}>
      <Text size="sm">{t('device.verification.beforeTraining')}</Text>
    </Alert>
  )
}

/** How far the check under way has come. */
export function VerificationProgress() {
  const { t } = useTranslation()
  const done = useVerification(({ checks }) => checks.length)
  const total = useVerification((state) => state.total)
  const words =
    total > 0
      ? t('device.verification.status.running', { done, total })
      : t('device.verification.status.starting')
  return (
    <>
      <Text size="sm" fw={550} className="tabular">
        {words}
      </Text>
      <Progress
        mt={6}
        value={total > 0 ? (done / total) * 100 : 0}
        aria-label={t('device.verification.title')}
        aria-valuetext={words}
      />
    </>
  )
}
