import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconAdjustmentsHorizontal, IconMessages } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Announcer } from '../../components/Announcer.tsx'
import { Page } from '../../components/Page.tsx'
import { usePlayground, useStudio } from '../../stores/context.tsx'
import { answersOf } from '../../stores/playground-state.ts'
import { AdapterPanel } from './AdapterPanel.tsx'
import { Composer } from './Composer.tsx'
import classes from './PlaygroundPage.module.css'
import { SpeechSettingsPanel } from './SpeechSettingsPanel.tsx'
import { StrengthPanel } from './StrengthPanel.tsx'
import { speakerName } from './speaker-name.ts'
import { TurnCard } from './TurnCard.tsx'

/** Base and tuned model side by side on the same question. */
export function PlaygroundPage() {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const turns = usePlayground((state) => state.turns)
  const spoken = useSpoken()
  const [settingsOpen, { toggle }] = useDisclosure(false)
  return (
    <Page
      title={t('playground.title')}
      lead={t('playground.lead')}
      actions={
        <Button
          className={classes.settingsButton}
          variant="default"
          size="compact-md"
          leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
          aria-expanded={settingsOpen}
          onClick={toggle}
        >
          {t('playground.showSettings')}
        </Button>
      }
    >
      <Announcer urgent sentence={spoken} />
      <div className={classes.layout}>
        <div className={classes.ask}>
          <Composer />
        </div>
        <div className={classes.turns}>
          {turns.length === 0 ? (
            <div className={classes.empty}>
              <IconMessages size={34} stroke={1.3} aria-hidden />
              <Text fw={600}>{t('playground.empty')}</Text>
              <Text size="sm" c="var(--nibble-ink-soft)">
                {t('playground.emptyHelp')}
              </Text>
            </div>
          ) : (
            <>
              {turns.map((turn) => (
                <TurnCard key={turn.id} turn={turn} />
              ))}
              <Button variant="subtle" size="compact-sm" className={classes.clear} onClick={playground.clear}>
                {t('playground.clear')}
              </Button>
            </>
          )}
        </div>
        <div className={classes.side}>
          <StrengthPanel />
          <SpeechSettingsPanel opened={settingsOpen} />
          <div className={classes.adapters}>
            <AdapterPanel />
          </div>
        </div>
      </div>
    </Page>
  )
}

/** The answers to the last question in sentences, as each is whole: for those who listen to the page. */
function useSpoken(): string {
  const { t } = useTranslation()
  return usePlayground(({ turns }) => {
    const answers = turns.length > 0 ? answersOf(turns[0]) : []
    return answers
      .flatMap(({ status, result, label }) => {
        if (status !== 'done' || !result) return []
        const text = result.text || t('playground.silent')
        return [t('playground.spoken', { name: speakerName(label, t), text })]
      })
      .join(' ')
  })
}
