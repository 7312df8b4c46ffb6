import { Button, Slider, Text } from '@mantine/core'
import { IconCheck, IconPencil } from '@tabler/icons-react'
import type { TFunction } from 'i18next'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { DataTable } from '../../charts/DataTable.tsx'
import { Panel } from '../../components/Panel.tsx'
import { formatDuration } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import type { SampleSet } from '../../stores/run.ts'
import classes from './SamplesCard.module.css'

/** More marks than this under a slider run into one another. */
const MOST_MARKS = 16

/** The same questions, and how their answers change while the model learns. */
export function SamplesCard({ className }: { className?: string }) {
  const sets = useRun((run) => run.samples)
  return sets.length > 0 && <Shown sets={sets} className={className} />
}

function Shown({ sets, className }: { sets: readonly SampleSet[]; className?: string }) {
  const { t } = useTranslation()
  /** Null follows the latest. */
  const [chosen, setChosen] = useState<number | null>(null)
  const [all, setAll] = useState(false)
  const last = sets.length - 1
  const index = Math.min(chosen ?? last, last)
  const set = sets[index]
  const spentMs = sets.reduce((sum, { durationMs }) => sum + durationMs, 0)
  return (
    <Panel
      title={t('samples.card.title')}
      help={t('samples.help')}
      id="card-samples"
      className={className}
      actions={
        <Button
          variant="subtle"
          size="compact-sm"
          className={classes.toggle}
          aria-pressed={all}
          onClick={() => setAll(!all)}
        >
          {t(all ? 'samples.card.one' : 'samples.card.all')}
        </Button>
      }
    >
      {all ? (
        <AllSteps sets={sets} />
      ) : (
        <>
          <div className={classes.slider}>
            <Slider
              thumbLabel={t('samples.card.step')}
              thumbValueText={stepName(set.step, t)}
              min={0}
              max={Math.max(last, 1)}
              step={1}
              disabled={last === 0}
              value={index}
              onChange={(value) => setChosen(value >= last ? null : value)}
              label={null}
              marks={sets.length <= MOST_MARKS ? sets.map((_, value) => ({ value })) : []}
            />
            <span className={classes.at} aria-live="polite">
              {stepName(set.step, t)}
              {index === last && last > 0 && ` (${t('samples.card.latest')})`}
            </span>
          </div>
          <ul className={classes.answers}>
            {set.answers.map((answer) => {
              const before = sets[index - 1]?.answers.find(({ prompt }) => prompt === answer.prompt)
              const { prompt, expected, text, finishReason, heldOut } = answer
              const matches = expected !== null && expected.trim() === text.trim()
              return (
                <li key={prompt} data-changed={(before && before.text !== text) || undefined}>
                  <p className={classes.prompt}>
                    {prompt}
                    {heldOut && <span className={classes.tag}>{t('samples.heldOut')}</span>}
                  </p>
                  <p className={classes.answer}>
                    {text === '' ? <em>{t('samples.card.silent')}</em> : text}
                    {finishReason !== 'stop' && (
                      <span className={classes.cut} title={t('samples.card.cut')}>
                        {' …'}
                      </span>
                    )}
                  </p>
                  <p className={classes.about}>
                    {matches ? (
                      <span className={classes.match}>
                        <IconCheck size={14} aria-hidden /> {t('samples.card.matches')}
                      </span>
                    ) : (
                      expected !== null && t('samples.card.inData', { text: expected })
                    )}
                    {before && before.text !== text && (
                      <span className={classes.changed}>
                        <IconPencil size={13} aria-hidden /> {t('samples.card.changed')}
                      </span>
                    )}
                  </p>
                </li>
              )
            })}
          </ul>
        </>
      )}
      <Text size="xs" c="var(--nibble-ink-soft)" mt={6} className="tabular">
        {t('samples.card.cost', { time: formatDuration(spentMs) })}
      </Text>
    </Panel>
  )
}

/** Every step's answers under one another, a column for every question. */
function AllSteps({ sets }: { sets: readonly SampleSet[] }) {
  const { t } = useTranslation()
  const prompts = [...new Set(sets.flatMap(({ answers }) => answers.map(({ prompt }) => prompt)))]
  return (
    <DataTable
      caption={t('samples.card.title')}
      height={420}
      rows={sets}
      columns={[
        { name: t('cards.step'), value: ({ step }) => step },
        ...prompts.map((prompt) => ({
          name: prompt,
          align: 'left' as const,
          value: ({ answers }: SampleSet) => answers.find((answer) => answer.prompt === prompt)?.text ?? '',
        })),
      ]}
    />
  )
}

const stepName = (step: number, t: TFunction): string =>
  step === 0 ? t('samples.card.before') : t('samples.card.after', { step })
