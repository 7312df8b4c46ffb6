import { IconCornerDownLeft } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { PreviewToken } from '../../../src/session/reports.ts'
import classes from './RowPreview.module.css'

interface RowTextsProps {
  rows: readonly { row: number; tokens: readonly PreviewToken[] }[]
}

/** Rows token by token: what is learned, what is only read, where special tokens stand and a turn ends. */
export function RowTexts({ rows }: RowTextsProps) {
  const { t } = useTranslation()
  return (
    <>
      <p className={classes.legend}>
        <span className={classes.token} data-trained>
          {t('data.legendTrained')}
        </span>
        <span className={classes.token}>{t('data.legendMasked')}</span>
        <span className={`${classes.token} ${classes.special}`}>{t('data.legendSpecial')}</span>
        <span>
          <IconCornerDownLeft size={14} className={classes.end} aria-hidden />
          {t('data.legendEnd')}
        </span>
      </p>
      <ol className={classes.rows}>
        {rows.map(({ row, tokens }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row may stand there more than once
          <li key={place}>
            <span className={classes.number}>{t('data.row', { row })}</span>
            <p className={classes.text}>
              {tokens.map((token, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place in the row
                <Token key={index} token={token} />
              ))}
            </p>
          </li>
        ))}
      </ol>
    </>
  )
}

function Token({ token }: { token: PreviewToken }) {
  const { t } = useTranslation()
  const { id, text, trained, special, endOfTurn } = token
  const role = t(trained ? 'data.legendTrained' : 'data.legendMasked')
  return (
    <>
      <span
        className={special ? `${classes.token} ${classes.special}` : classes.token}
        data-trained={trained || undefined}
        title={t('data.tokenTitle', { text: JSON.stringify(text), id, role })}
      >
        {visible(text)}
      </span>
      {endOfTurn && (
        <IconCornerDownLeft size={14} className={classes.end} role="img" aria-label={t('data.legendEnd')} />
      )}
      {text.includes('\n') && <br />}
    </>
  )
}

/** Line ends and tabs are tokens too: they must be seen. */
const visible = (text: string): string => text.replaceAll('\n', '↵').replaceAll('\t', '⇥')
