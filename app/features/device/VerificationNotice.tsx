import { Alert, Button, Group, Modal, Progress, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconShieldCheck } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { ErrorData } from '../../../src/util/errors.ts'
import { Failure } from '../../components/Failure.tsx'
import { useRun, useStudio, useVerification } from '../../stores/context.tsx'
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
  if (verification.heldBack && verification.error) return <HeldBack error={verification.error} />
  if (verification.status !== 'running' || !isStarting) return null
  return (
    <Alert variant="light" icon={<IconShieldCheck aria-hidden />} title={<VerificationProgress />}>
      <Text size="sm">{t('device.verification.beforeTraining')}</Text>
    </Alert>
  )
}

/** No verdict, no run: unless the person tries again, or says once and on purpose that it is to go without. */
function HeldBack({ error }: { error: ErrorData }) {
  const { t } = useTranslation()
  const { startHeldBack, startUnchecked } = useStudio()
  const [asking, { open: ask, close: stopAsking }] = useDisclosure(false)
  const place = useRef<HTMLDivElement>(null)
  // Whoever pressed Start at the end of a long page must not miss that nothing has begun.
  useEffect(() => {
    // In some browsers it gives a promise, which is no effect's cleanup.
    void place.current?.scrollIntoView({ block: 'center' })
  }, [])
  const message = t('device.verification.heldBack.reason', { reason: error.message })
  return (
    <div ref={place}>
      <Failure
        title={t('device.verification.heldBack.title')}
        error={{ ...error, message }}
        actions={
          <>
            <Button size="compact-sm" onClick={() => void startHeldBack()}>
              {t('device.verification.heldBack.again')}
            </Button>
            <Button size="compact-sm" variant="default" onClick={ask}>
              {t('device.verification.heldBack.without')}
            </Button>
          </>
        }
      />
      <Modal
        opened={asking}
        onClose={stopAsking}
        title={t('device.verification.heldBack.askTitle')}
        size="md"
        centered
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        <Text mb="lg">{t('device.verification.heldBack.askText')}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={stopAsking} data-autofocus>
            {t('device.verification.heldBack.cancel')}
          </Button>
          <Button
            color="red"
            onClick={() => {
              stopAsking()
              void startUnchecked()
            }}
          >
            {t('device.verification.heldBack.without')}
          </Button>
        </Group>
      </Modal>
    </div>
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
