import { Alert, Anchor, Button, SegmentedControl, Switch, Text, Textarea } from '@mantine/core'
import { IconPlayerPause, IconPlayerStopFilled, IconSend2 } from '@tabler/icons-react'
import { type KeyboardEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { Panel } from '../../components/Panel.tsx'
import { useDataset, useModel, usePlayground, useRun, useStudio } from '../../stores/context.tsx'
import { type PlaygroundObstacle, playgroundObstacle, speakersOf } from '../../stores/playground.ts'
import type { PromptMode } from '../../stores/playground-state.ts'
import { startersOf } from '../../stores/starters.ts'
import classes from './Composer.module.css'

const SHOWN_STARTERS = 4

/** Where a question is written, or taken from the data; says why nothing can be asked when that is so. */
export function Composer() {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const { mode, draft, remembers, speaking, adapters } = usePlayground((state) => state)
  const model = useModel((state) => state)
  const run = useRun((state) => state)
  const preview = useDataset(({ summary }) => summary?.preview)
  const obstacle = playgroundObstacle(model, run, mode)
  const starters = startersOf(preview ?? [])
    .filter(({ answer }) => (answer === null) === (mode === 'plain'))
    .slice(0, SHOWN_STARTERS)
  const chat = mode === 'chat'
  const ready = obstacle === null && (!chat || draft.trim() !== '')

  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    if (ready) playground.ask()
  }
  return (
    <Panel
      title={t('playground.ask')}
      help={t('playground.modeHelp')}
      id="playground-ask"
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('playground.mode')}
          value={mode}
          onChange={(value) => playground.chooseMode(value as PromptMode)}
          data={(['chat', 'plain'] as const).map((value) => ({
            value,
            label: t(`playground.modes.${value}`),
          }))}
        />
      }
    >
      {obstacle && <Obstacle obstacle={obstacle} />}
      <Textarea
        aria-label={t(chat ? 'playground.promptChat' : 'playground.promptPlain')}
        placeholder={t(chat ? 'playground.placeholderChat' : 'playground.placeholderPlain')}
        autosize
        minRows={2}
        maxRows={10}
        value={draft}
        onChange={(event) => playground.write(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      <div className={classes.row}>
        {chat && (
          <Switch
            size="xs"
            label={t('playground.remember')}
            title={t('playground.rememberHelp')}
            checked={remembers}
            onChange={(event) => playground.remember(event.currentTarget.checked)}
          />
        )}
        <Text size="xs" c="var(--nibble-ink-soft)" className={classes.hint}>
          {t('playground.sendKey')}
        </Text>
        {speaking ? (
          <Button
            variant="default"
            leftSection={<IconPlayerStopFilled size={15} aria-hidden />}
            onClick={playground.stop}
          >
            {t('playground.stop')}
          </Button>
        ) : (
          <Button
            leftSection={<IconSend2 size={16} aria-hidden />}
            disabled={!ready}
            onClick={() => playground.ask()}
          >
            {t(chat ? 'playground.send' : 'playground.sendPlain')}
          </Button>
        )}
      </div>
      {starters.length > 0 && (
        <div className={classes.starters}>
          <Text size="xs" c="var(--nibble-ink-soft)" id="playground-starters">
            {t('playground.starters')}
          </Text>
          <ul className={classes.list} aria-labelledby="playground-starters">
            {starters.map(({ prompt }) => (
              <li key={prompt}>
                <Button
                  variant="default"
                  size="compact-sm"
                  radius="xl"
                  fw={450}
                  className={classes.starter}
                  disabled={obstacle !== null}
                  onClick={() => playground.ask(prompt)}
                >
                  {prompt}
                </Button>
              </li>
            ))}
          </ul>
        </div>
      )}
      {!obstacle && speakersOf(run, { adapters }).length === 1 && (
        <Text size="sm" c="var(--nibble-ink-soft)" mt="sm">
          {t('playground.emptyNoRun')}{' '}
          <Anchor component={Link} href="/train" inherit underline="always">
            {t('playground.toTrain')}
          </Anchor>
        </Text>
      )}
    </Panel>
  )
}

/** Why nothing can be asked, and the way out where there is one. */
function Obstacle({ obstacle }: { obstacle: PlaygroundObstacle }) {
  const { t } = useTranslation()
  const { pause } = useStudio()
  const [pausing, setPausing] = useState(false)
  return (
    <Alert variant="light" mb="sm" role="status">
      <div className={classes.obstacle}>
        <Text size="sm">
          {t(pausing && obstacle === 'training' ? 'playground.why.pausing' : `playground.why.${obstacle}`)}
        </Text>
        {obstacle === 'training' && (
          <Button
            size="compact-sm"
            loading={pausing}
            leftSection={<IconPlayerPause size={14} aria-hidden />}
            onClick={() => {
              setPausing(true)
              void pause()
            }}
          >
            {t('playground.pause')}
          </Button>
        )}
      </div>
    </Alert>
  )
}
