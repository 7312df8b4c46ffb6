import type { KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { formatPercent } from '../../format/numbers.ts'
import type { SpokenToken } from '../../stores/playground-state.ts'
import classes from './TokenStrip.module.css'

interface TokenStripProps {
  name: string
  tokens: readonly SpokenToken[]
  differs: readonly boolean[]
  active: number | null
  onActive: (index: number | null) => void
}

/** A bar a token, as tall as the model was sure of it. By keyboard it is a slider through the tokens. */
export function TokenStrip({ name, tokens, differs, active, onActive }: TokenStripProps) {
  const { t } = useTranslation()
  const last = tokens.length - 1
  const move = (event: KeyboardEvent) => {
    const from = active ?? -1
    const to = { ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: last }[event.key]
    if (to === undefined) return
    event.preventDefault()
    onActive(Math.min(Math.max(to, 0), last))
  }
  const at = active === null ? null : tokens[active]
  return (
    <div
      role="slider"
      tabIndex={0}
      className={classes.strip}
      aria-label={t('playground.confidence', { name })}
      aria-valuemin={1}
      aria-valuemax={tokens.length}
      aria-valuenow={(active ?? 0) + 1}
      aria-valuetext={
        at
          ? t('playground.tokenValue', {
              place: (active ?? 0) + 1,
              total: tokens.length,
              text: JSON.stringify(at.text),
              probability: formatPercent(at.probability),
            })
          : t('playground.tokenHint')
      }
      onKeyDown={move}
      onFocus={() => onActive(active ?? 0)}
      onBlur={() => onActive(null)}
      onMouseOver={({ target }) => onActive(tokenUnder(target))}
      onMouseLeave={() => onActive(null)}
    >
      {tokens.map(({ probability }, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place in the text
          key={index}
          className={classes.slot}
          data-token={index}
          data-active={index === active || undefined}
          data-differs={differs[index] || undefined}
        >
          <span className={classes.bar} style={{ height: `${Math.max(6, 100 * probability)}%` }} />
        </span>
      ))}
    </div>
  )
}

/** The place of the token that a pointer is on, in a strip or in a text. */
export function tokenUnder(target: EventTarget): number | null {
  const place = target instanceof Element ? target.closest('[data-token]')?.getAttribute('data-token') : null
  return place ? Number(place) : null
}
