import { NativeSelect, NumberInput, SegmentedControl, Text, Textarea } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useStore } from 'zustand'
import { Panel } from '../../components/Panel.tsx'
import { formatBytes } from '../../format/numbers.ts'
import { useRecipe, useStudio } from '../../stores/context.tsx'
import classes from './SamplesPanel.module.css'

const DEFAULT_EVERY = 10
const MOST_STEPS = 1_000_000

/** What the run will be asked while it learns, how often, and what that takes. */
export function SamplesPanel() {
  const { t } = useTranslation()
  const studio = useStudio()
  const { every, written } = useStore(studio.stores.samples)
  const report = useRecipe(({ plan }) => plan?.samples)
  const often = every === null ? 'auto' : every === 0 ? 'never' : 'steps'
  return (
    <Panel title={t('samples.title')} help={t('samples.help')} id="samples">
      <div className={classes.fields}>
        <NativeSelect
          label={t('samples.often')}
          description={t(`samples.oftenHelp.${often}`)}
          inputWrapperOrder={['label', 'input', 'description']}
          value={often}
          onChange={(event) => {
            const { value } = event.currentTarget
            studio.setSamples({ every: value === 'auto' ? null : value === 'never' ? 0 : DEFAULT_EVERY })
          }}
          data={(['auto', 'steps', 'never'] as const).map((value) => ({
            value,
            label: t(`samples.oftenChoices.${value}`),
          }))}
        />
        {often === 'steps' && (
          <NumberInput
            label={t('samples.every')}
            value={every ?? DEFAULT_EVERY}
            min={1}
            max={MOST_STEPS}
            allowDecimal={false}
            allowNegative={false}
            onChange={(value) =>
              typeof value === 'number' && value >= 1 && studio.setSamples({ every: value })
            }
          />
        )}
      </div>
      {often !== 'never' && (
        <>
          <SegmentedControl
            mt="md"
            size="xs"
            aria-label={t('samples.from')}
            value={written === null ? 'data' : 'own'}
            onChange={(value) =>
              studio.setSamples({
                written:
                  value === 'data'
                    ? null
                    : (report?.prompts ?? []).map(({ text }) => oneLine(text)).join('\n'),
              })
            }
            data={(['data', 'own'] as const).map((value) => ({
              value,
              label: t(`samples.fromChoices.${value}`),
            }))}
          />
          {written !== null ? (
            <Textarea
              mt="xs"
              aria-label={t('samples.own')}
              description={t('samples.own')}
              inputWrapperOrder={['input', 'description']}
              placeholder={t('samples.ownPlaceholder')}
              autosize
              minRows={3}
              maxRows={8}
              value={written}
              onChange={(event) => studio.setSamples({ written: event.currentTarget.value })}
            />
          ) : report === null ? (
            <Text size="sm" c="var(--nibble-ink-soft)" mt="xs">
              {t('samples.none')}
            </Text>
          ) : (
            <ul className={classes.prompts}>
              {report?.prompts.map(({ text, row, heldOut }) => (
                <li key={text}>
                  <span>{text}</span>
                  <span className={classes.about}>
                    {row !== null && t('samples.row', { row })}
                    {heldOut && ` · ${t('samples.heldOut')}`}
                  </span>
                </li>
              ))}
            </ul>
          )}
          {report && (
            <Text size="xs" c="var(--nibble-ink-soft)" mt="xs" className="tabular">
              {t('samples.bytes', { bytes: formatBytes(report.totalBytes) })}
            </Text>
          )}
        </>
      )}
    </Panel>
  )
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ')
