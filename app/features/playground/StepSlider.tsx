import { Input, Slider, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useShallow } from 'zustand/react/shallow'
import { Term } from '../../components/Term.tsx'
import { formatInteger } from '../../format/numbers.ts'
import { usePlayground, useRun, useStudio } from '../../stores/context.tsx'
import { KEPT_PLACES } from '../../stores/kept-steps.ts'
import { stepsToHear } from '../../stores/playground.ts'
import classes from './SpeechSettingsPanel.module.css'

/** The step of the run that its column speaks as, live: a place for each step that was kept. */
export function StepSlider() {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const run = useRun(useShallow(({ runId, step, totalSteps }) => ({ runId, step, totalSteps })))
  const kept = usePlayground((state) => state.kept)
  const heardStep = usePlayground((state) => state.heardStep)
  const steps = stepsToHear(run, { kept })
  const every = formatInteger(Math.ceil(run.totalSteps / KEPT_PLACES))
  if (steps.length === 0) return null
  if (steps.length === 1)
    return (
      <Text size="sm" c="var(--nibble-ink-soft)" mt="sm">
        {t('playground.heardStepOnly', { every })}
      </Text>
    )
  const last = steps.length - 1
  const chosen = heardStep === null ? -1 : steps.indexOf(heardStep)
  const place = chosen < 0 ? last : chosen
  const value = t('playground.heardStepValue', {
    step: formatInteger(steps[place]),
    total: formatInteger(run.totalSteps),
  })
  return (
    <Input.Wrapper
      mt="sm"
      label={
        <span className={classes.sliding}>
          <span className={classes.label}>
            {t('playground.heardStep')}
            <Term help={t('playground.heardStepHelp', { every })} />
          </span>
          <Text span size="sm" className="tabular">
            {value}
          </Text>
        </span>
      }
      labelElement="div"
      labelProps={{ className: classes.full }}
    >
      <Slider
        size={5}
        thumbSize={15}
        min={0}
        max={last}
        step={1}
        label={null}
        marks={steps.map((_, index) => ({ value: index }))}
        value={place}
        thumbLabel={t('playground.heardStep')}
        thumbValueText={value}
        onChange={(index) => playground.hearStep(steps[index])}
      />
    </Input.Wrapper>
  )
}
