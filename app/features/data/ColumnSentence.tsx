import { NativeSelect } from '@mantine/core'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import type { ColumnChoice } from '../../../src/config/schema.ts'
import classes from './ColumnSentence.module.css'
import {
  asShape,
  freeColumns,
  withAnswerColumn,
  withPromptColumn,
  withSystemColumn,
} from './column-choice.ts'

interface ColumnSentenceProps {
  columns: readonly string[]
  choice: ColumnChoice
  disabled?: boolean
  onChange: (choice: ColumnChoice) => void
}

const SHAPES = ['pair', 'text', 'messages', 'conversations'] as const

/** How a row is read, as a sentence with menus in it: The prompt is instruction + input, the answer is output. */
export function ColumnSentence(props: ColumnSentenceProps) {
  const { columns, choice, disabled = false, onChange } = props
  const { t } = useTranslation()
  const menu = (name: string, value: string, options: readonly string[], act: (column: string) => void) => (
    <Menu name={name} value={value} options={options} disabled={disabled} onChange={act} />
  )
  return (
    <div className={classes.sentence}>
      <span className={classes.clause}>
        {t('data.sentence.row')}
        <Menu
          name={t('data.sentence.rowMenu')}
          value={choice.shape}
          options={SHAPES.filter((shape) => shape !== 'pair' || columns.length > 1)}
          label={(shape) => t(`data.sentence.shapes.${shape as (typeof SHAPES)[number]}`)}
          disabled={disabled}
          onChange={(shape) => onChange(asShape(choice, shape as (typeof SHAPES)[number], columns))}
        />
        <span className={classes.mark}>{t('data.sentence.stop')}</span>
      </span>
      {choice.shape === 'pair' && <PairClauses {...props} choice={choice} />}
      {choice.shape === 'text' && (
        <span className={classes.clause}>
          {t('data.sentence.text')}
          {menu(t('data.sentence.textMenu'), choice.text, columns, (text) => onChange({ ...choice, text }))}
          {t('data.sentence.textEnd')}
        </span>
      )}
      {choice.shape === 'messages' && (
        <span className={classes.clause}>
          {t('data.sentence.conversation')}
          {menu(t('data.sentence.conversationMenu'), choice.messages, columns, (messages) =>
            onChange({ ...choice, messages }),
          )}
        </span>
      )}
      {choice.shape === 'conversations' && (
        <span className={classes.clause}>
          {t('data.sentence.conversation')}
          {menu(t('data.sentence.conversationMenu'), choice.conversations, columns, (conversations) =>
            onChange({ ...choice, conversations }),
          )}
        </span>
      )}
    </div>
  )
}

interface PairClausesProps extends ColumnSentenceProps {
  choice: Extract<ColumnChoice, { shape: 'pair' }>
}

function PairClauses({ columns, choice, disabled = false, onChange }: PairClausesProps) {
  const { t } = useTranslation()
  const free = freeColumns(choice, columns)
  const nothing = (option: string) => option || t('data.sentence.nothing')
  return (
    <>
      <span className={classes.clause}>
        {t('data.sentence.prompt')}
        {choice.prompt.map((column, place) => (
          <Fragment key={column}>
            {place > 0 && '+'}
            <Menu
              name={t('data.sentence.promptMenu', { place: place + 1 })}
              value={column}
              options={place > 0 ? ['', ...columns] : columns}
              label={nothing}
              disabled={disabled}
              onChange={(next) => onChange(withPromptColumn(choice, place, next || null))}
            />
          </Fragment>
        ))}
        {free.length > 0 && (
          <>
            +
            <Menu
              name={t('data.sentence.promptMenu', { place: choice.prompt.length + 1 })}
              value=""
              options={['', ...free]}
              label={nothing}
              disabled={disabled}
              onChange={(next) => next && onChange(withPromptColumn(choice, choice.prompt.length, next))}
            />
          </>
        )}
        <span className={classes.mark}>{t('data.sentence.joint')}</span>
      </span>
      <span className={classes.clause}>
        {t('data.sentence.answer')}
        <Menu
          name={t('data.sentence.answerMenu')}
          value={choice.answer}
          options={columns}
          disabled={disabled}
          onChange={(next) => onChange(withAnswerColumn(choice, next))}
        />
      </span>
      {(choice.system !== undefined || free.length > 0) && (
        <span className={classes.clause}>
          {t('data.sentence.system')}
          <Menu
            name={t('data.sentence.systemMenu')}
            value={choice.system ?? ''}
            options={['', ...(choice.system === undefined ? free : columns)]}
            label={nothing}
            disabled={disabled}
            onChange={(next) => onChange(withSystemColumn(choice, next || null))}
          />
        </span>
      )}
    </>
  )
}

interface MenuProps {
  name: string
  value: string
  options: readonly string[]
  label?: (option: string) => string
  disabled: boolean
  onChange: (option: string) => void
}

function Menu({ name, value, options, label = (option) => option, disabled, onChange }: MenuProps) {
  return (
    <NativeSelect
      size="xs"
      className={classes.menu}
      aria-label={name}
      value={value}
      disabled={disabled}
      data={options.map((option) => ({ value: option, label: label(option) }))}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
