import { Button } from '@mantine/core'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatInteger } from '../../format/numbers.ts'
import { type Answer, answersOf, type Turn } from '../../stores/playground-state.ts'
import { AnswerCard } from './AnswerCard.tsx'
import { speakerName } from './speaker-name.ts'
import classes from './TurnCard.module.css'

/** A question with its columns, and on request exactly what the model was given. */
export function TurnCard({ turn }: { turn: Turn }) {
  const { t } = useTranslation()
  const [showsPrompt, setShowsPrompt] = useState(false)
  const id = useId()
  const answers = answersOf(turn)
  const given = answers.filter(({ result }) => result !== null)
  return (
    <section className={classes.turn} aria-labelledby={id}>
      <header className={classes.head}>
        <h2 id={id} className={classes.question}>
          {turn.text}
        </h2>
        {given.length > 0 && (
          <Button
            variant="subtle"
            size="compact-xs"
            className={classes.exact}
            aria-expanded={showsPrompt}
            onClick={() => setShowsPrompt(!showsPrompt)}
          >
            {t(showsPrompt ? 'playground.hidePrompt' : 'playground.exactPrompt')}
          </Button>
        )}
      </header>
      {turn.expected !== null && (
        <p className={classes.expected}>{t('playground.expected', { text: turn.expected })}</p>
      )}
      {showsPrompt && <ExactPrompts answers={given} />}
      <div className={classes.columns}>
        {answers.map((answer) => (
          <AnswerCard key={answer.label.speaker} turn={turn} answer={answer} />
        ))}
      </div>
    </section>
  )
}

/** Once where all columns were given the same; a conversation that goes on is another for each. */
function ExactPrompts({ answers }: { answers: readonly Answer[] }) {
  const { t } = useTranslation()
  const same = new Set(answers.map(({ result }) => result?.prompt)).size === 1
  return (
    <div className={classes.prompts}>
      {(same ? answers.slice(0, 1) : answers).map(({ label, result }) => {
        const title = same
          ? t('playground.promptOfAll')
          : t('playground.promptOf', { name: speakerName(label, t) })
        return (
          <figure key={label.speaker} className={classes.prompt}>
            <figcaption>
              {title}{' '}
              <span className="tabular">
                (
                {t('playground.promptTokens', {
                  count: result?.promptTokens ?? 0,
                  amount: formatInteger(result?.promptTokens),
                })}
                )
              </span>
            </figcaption>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
            <pre tabIndex={0}>{result?.prompt}</pre>
          </figure>
        )
      })}
    </div>
  )
}
