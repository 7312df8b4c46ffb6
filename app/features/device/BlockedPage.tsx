import { Anchor, Button, Group, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ErrorData } from '../../../src/util/errors.ts'
import { Failure } from '../../components/Failure.tsx'
import { Logo } from '../../frame/Logo.tsx'
import type { Obstacle } from '../../stores/state.ts'
import classes from './BlockedPage.module.css'

/** The whole page when the studio cannot work here: what is missing, why, and what to do. */
export function BlockedPage({ obstacle, error }: { obstacle: Obstacle; error: ErrorData | null }) {
  const { t } = useTranslation()
  const steps = t(`blocked.${obstacle}.do`, { returnObjects: true }) as readonly string[]
  return (
    <main className={classes.page}>
      <Group gap={12}>
        <Logo size={36} />
        <Text fw={650} size="lg">
          {t('app.name')}
        </Text>
      </Group>
      <Title order={1}>{t(`blocked.${obstacle}.title`)}</Title>
      {obstacle !== 'engine-crashed' && <Text>{t('blocked.lead')}</Text>}
      <Text c="var(--nibble-ink-soft)">{t(`blocked.${obstacle}.why`, { origin: location.origin })}</Text>
      <ol className={classes.steps}>
        {steps.map((step) => (
          <li key={step}>
            <WithAddresses text={step} />
          </li>
        ))}
      </ol>
      {error && <Failure title={t('blocked.said')} error={error} />}
      <Group>
        <Button onClick={() => location.reload()}>
          {t(obstacle === 'engine-crashed' ? 'app.reload' : 'blocked.tryAgain')}
        </Button>
      </Group>
    </main>
  )
}

/** Pages may not link to chrome:// addresses: those stand out to be copied, the others are links. */
function WithAddresses({ text }: { text: string }) {
  return text.split(/((?:https?|chrome):\/\/[^\s,]*[^\s,:.])/).map((part) => {
    if (part.startsWith('chrome://')) return <code key={part}>{part}</code>
    if (/^https?:\/\/./.test(part)) {
      const address = new URL(part)
      address.port = location.port
      return (
        <Anchor key={part} href={address.href} underline="always">
          {address.href}
        </Anchor>
      )
    }
    return part
  })
}
