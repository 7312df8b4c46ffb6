import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Panel } from '../../components/Panel.tsx'
import { usePlayground, useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { speakersOf } from '../../stores/playground.ts'
import { Sliding } from './SpeechSettingsPanel.tsx'
import { StepSlider } from './StepSlider.tsx'

const MAX_STRENGTH = 2

/** How much of the adapters is heard, and the run as at which of its steps, live; there when there is one to hear. */
export function StrengthPanel() {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const adapters = usePlayground((state) => state.adapters)
  const strength = usePlayground((state) => state.settings.strength)
  const speakers = useRun((run) => speakersOf(run, { adapters }).join(' '))
  const trainsWhole = useRecipe(({ config }) => config?.method === 'full')
  if (speakers === 'base') return null
  const fixed = trainsWhole && speakers === 'base run'
  return (
    <Panel title={t('playground.adapter')} id="playground-strength">
      {fixed ? (
        <Text size="sm">{t('playground.strengthNone')}</Text>
      ) : (
        <>
          <Sliding
            name="strength"
            value={strength}
            max={MAX_STRENGTH}
            step={0.05}
            marks={[{ value: 1 }]}
            onChange={playground.slide}
          />
          {!trainsWhole && <StepSlider />}
        </>
      )}
    </Panel>
  )
}
