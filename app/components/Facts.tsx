import type { ReactNode } from 'react'
import classes from './Facts.module.css'

export interface Fact {
  label: ReactNode
  value: ReactNode
  note?: ReactNode
}

/** Names and values in columns; `large` for the few that matter most. */
export function Facts({ facts, large = false }: { facts: readonly Fact[]; large?: boolean }) {
  return (
    <dl className={classes.facts} data-large={large || undefined}>
      {facts.map((fact, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: facts have a fixed order and no identity of their own
        <div key={index} className={classes.fact}>
          <dt>{fact.label}</dt>
          <dd>
            {fact.value}
            {fact.note && <div className={classes.note}>{fact.note}</div>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
