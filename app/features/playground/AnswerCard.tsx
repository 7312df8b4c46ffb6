import { Button, Loader, Text } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../components/Failure.tsx'
import { formatInteger, formatNumber, formatPercent } from '../../format/numbers.ts'
import { useStudio } from '../../stores/context.tsx'
import type { Answer, SpokenToken, Turn } from '../../stores/playground-state.ts'
import classes from './AnswerCard.module.css'
import { speakerAbout, speakerName } from './speaker-name.ts'
import { TokenStrip, tokenUnder } from './TokenStrip.tsx'
import { differing } from './token-difference.ts'

interface AnswerCardProps {
  turn: Turn
  answer: Answer
}

const NONE: readonly SpokenToken[] = []

/** What one column says to a question, token by token, with what differs from the base marked. */
export function AnswerCard({ turn, answer }: AnswerCardProps) {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const [active, setActive] = useState<number | null>(null)
  const { status, label, tokens, result, error } = answer
  const isBase = label.speaker === 'base'
  const baseTokens = isBase ? NONE : (turn.answers.base?.tokens ?? NONE)
  const differs = useMemo(
    () => (isBase || baseTokens.length === 0 ? [] : differing(baseTokens.map(idOf), tokens.map(idOf))),
    [isBase, baseTokens, tokens],
  )
  const name = speakerName(label, t)
  const at = active === null ? undefined : tokens[active]
  return (
    <article className={classes.card} data-speaker={label.speaker} aria-label={name}>
      <header className={classes.head}>
        <h3 className={classes.name}>{name}</h3>
        <span className={classes.about}>{speakerAbout(label, t)}</span>
        <Progress answer={answer} />
      </header>
      {status === 'failed' && error ? (
        <Failure
          title={t('playground.failed', { name })}
          error={error}
          actions={
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => playground.askAgain(turn.id, label.speaker)}
            >
              {t('playground.again')}
            </Button>
          }
        />
      ) : (
        <>
          {/* biome-ignore lint/a11y/useKeyWithMouseEvents: the strip below shows the same by keyboard */}
          <p
            className={classes.text}
            aria-busy={status === 'speaking'}
            onMouseOver={({ target }) => setActive(tokenUnder(target))}
            onMouseLeave={() => setActive(null)}
          >
            {tokens.map(({ text }, index) => (
              <span
                // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place in the text
                key={index}
                data-token={index}
                data-differs={differs[index] || undefined}
                data-active={index === active || undefined}
                className={classes.token}
              >
                {text}
              </span>
            ))}
            {status === 'speaking' && <span className={classes.caret} aria-hidden />}
            {status === 'done' && result?.text === '' && (
              <span className={classes.silent}>{t('playground.silent')}</span>
            )}
          </p>
          {tokens.length > 0 && (
            <>
              <TokenStrip
                name={name}
                tokens={tokens}
                differs={differs}
                active={active}
                onActive={setActive}
              />
              <p className={classes.readout}>
                {at ? (
                  <>
                    <code>{JSON.stringify(at.text)}</code>{' '}
                    {t('playground.tokenReadout', { probability: formatPercent(at.probability) })} ·{' '}
                    {t('playground.tokenId', { id: at.tokenId })}
                  </>
                ) : (
                  <Summary answer={answer} differs={differs} expected={turn.expected} />
                )}
              </p>
            </>
          )}
        </>
      )}
    </article>
  )
}

const idOf = ({ tokenId }: SpokenToken): number => tokenId

/** What is going on, or how fast it went. */
function Progress({ answer: { status, loading, result } }: { answer: Answer }) {
  const { t } = useTranslation()
  if (status === 'done' && result)
    return (
      <span className={`${classes.rate} tabular`}>
        {t('playground.rate', { value: formatNumber(result.tokensPerSecond) })}
      </span>
    )
  if (status === 'stopped') return <span className={classes.rate}>{t('playground.stopped')}</span>
  if (status === 'failed') return null
  const words =
    status === 'waiting'
      ? t('playground.waiting')
      : loading
        ? t('status.live.running', {
            phase: t(`train.phases.${loading.phase}`),
            done: loading.done,
            total: loading.total,
          })
        : t(status === 'reading' ? 'playground.thinking' : 'playground.speaking')
  return (
    <span className={`${classes.rate} tabular`}>
      {status !== 'waiting' && <Loader size={11} aria-hidden />}
      {words}
    </span>
  )
}

/** The text in figures: its length, how it ended, and how it stands to the base and to the data. */
function Summary({
  answer: { status, label, tokens, result },
  differs,
  expected,
}: {
  answer: Answer
  differs: readonly boolean[]
  expected: string | null
}) {
  const { t } = useTranslation()
  const differing = differs.filter(Boolean).length
  const asInData = expected !== null && result?.text.trim() === expected
  return (
    <>
      {asInData && (
        <Text span inherit fw={600} c="var(--nibble-good)" className={classes.match}>
          <IconCheck size={14} aria-hidden /> {t('playground.matches')}
        </Text>
      )}
      <span>{t('playground.tokens', { count: tokens.length, amount: formatInteger(tokens.length) })}</span>
      {status === 'done' && result && <span>{t(`playground.ended.${result.finishReason}`)}</span>}
      {label.speaker !== 'base' && differs.length > 0 && (
        <span>
          {differing === 0
            ? t('playground.same')
            : t('playground.differs', {
                differing: formatInteger(differing),
                total: formatInteger(tokens.length),
              })}
        </span>
      )}
    </>
  )
}
