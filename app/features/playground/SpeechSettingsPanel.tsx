import { ActionIcon, Input, NumberInput, Slider, Text, Textarea, Tooltip } from '@mantine/core'
import { IconDice5 } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Panel } from '../../components/Panel.tsx'
import { Term } from '../../components/Term.tsx'
import { formatNumber } from '../../format/numbers.ts'
import { useModel, usePlayground, useStudio } from '../../stores/context.tsx'
import type { SpeechSettings } from '../../stores/playground-state.ts'
import classes from './SpeechSettingsPanel.module.css'

/** How the words are chosen. Hidden behind a button on narrow screens. */
export function SpeechSettingsPanel({ opened }: { opened: boolean }) {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const settings = usePlayground((state) => state.settings)
  const context = useModel(({ summary }) => summary?.contextLength)
  const { temperature, topP, topK, seed, maxNewTokens, stop } = settings
  const whole = (name: 'topK' | 'seed' | 'maxNewTokens', least: number) => (value: number | string) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least)
      playground.set({ [name]: value })
  }
  return (
    <div className={classes.panel} data-opened={opened || undefined}>
      <Panel title={t('playground.settings')} id="playground-settings">
        <div className={classes.fields}>
          <Sliding
            name="temperature"
            value={temperature}
            max={2}
            step={0.05}
            onChange={(value) => playground.set({ temperature: value })}
          />
          <Sliding
            name="topP"
            value={topP}
            min={0.05}
            max={1}
            step={0.05}
            onChange={(value) => playground.set({ topP: value })}
          />
          <div className={classes.pair}>
            <NumberInput
              label={<Label name="topK" />}
              min={0}
              max={100_000}
              allowDecimal={false}
              clampBehavior="strict"
              value={topK}
              onChange={whole('topK', 0)}
            />
            <NumberInput
              label={t('playground.maxNewTokens')}
              suffix={` ${t('playground.maxNewTokensUnit')}`}
              min={1}
              max={context}
              allowDecimal={false}
              clampBehavior="strict"
              value={maxNewTokens}
              onChange={whole('maxNewTokens', 1)}
            />
          </div>
          <NumberInput
            label={<Label name="seed" />}
            min={0}
            max={0xffffffff}
            allowDecimal={false}
            clampBehavior="strict"
            hideControls
            value={seed}
            onChange={whole('seed', 0)}
            rightSection={
              <Tooltip label={t('playground.anotherSeed')}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={t('playground.anotherSeed')}
                  onClick={() => playground.set({ seed: Math.floor(Math.random() * 1e6) })}
                >
                  <IconDice5 size={17} aria-hidden />
                </ActionIcon>
              </Tooltip>
            }
          />
          <Textarea
            label={<Label name="stopStrings" />}
            autosize
            minRows={1}
            maxRows={4}
            value={stop}
            onChange={(event) => playground.set({ stop: event.currentTarget.value })}
          />
        </div>
      </Panel>
    </div>
  )
}

type Named =
  | Extract<keyof SpeechSettings, 'temperature' | 'topP' | 'topK' | 'seed'>
  | 'stopStrings'
  | 'strength'

function Label({ name }: { name: Named }) {
  const { t } = useTranslation()
  return (
    <span className={classes.label}>
      {t(`playground.${name}`)}
      <Term help={t(`playground.${name}Help`)} />
    </span>
  )
}

interface SlidingProps {
  name: 'temperature' | 'topP' | 'strength'
  value: number
  min?: number
  max: number
  step: number
  marks?: { value: number }[]
  onChange: (value: number) => void
}

/** A number on a line, its value beside its name. */
export function Sliding({ name, value, min = 0, max, step, marks, onChange }: SlidingProps) {
  const { t } = useTranslation()
  return (
    <Input.Wrapper
      label={
        <span className={classes.sliding}>
          <Label name={name} />
          <Text span size="sm" className="tabular">
            {formatNumber(value)}
          </Text>
        </span>
      }
      labelElement="div"
      labelProps={{ className: classes.full }}
    >
      <Slider
        size={5}
        thumbSize={15}
        min={min}
        max={max}
        step={step}
        label={null}
        marks={marks}
        value={value}
        thumbLabel={t(`playground.${name}`)}
        onChange={(next) => onChange(Number(next.toFixed(3)))}
      />
    </Input.Wrapper>
  )
}
