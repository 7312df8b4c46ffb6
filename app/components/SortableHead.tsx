import { Table, UnstyledButton } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import classes from './SortableHead.module.css'

interface SortableHeadProps {
  name: string
  align?: 'left' | 'right'
  /** How the table is sorted by this column; undefined when it is by another. */
  direction: 'ascending' | 'descending' | undefined
  onSort: () => void
}

/** The head of a column by which a table can be sorted: a button, and the direction for those who do not see the arrow. */
export function SortableHead({ name, align = 'left', direction, onSort }: SortableHeadProps) {
  const { t } = useTranslation()
  const Arrow = direction === 'ascending' ? IconArrowUp : IconArrowDown
  return (
    <Table.Th ta={align} aria-sort={direction}>
      <UnstyledButton
        onClick={onSort}
        className={classes.sort}
        title={t('app.sortBy', { column: name })}
        data-sorted={direction ? true : undefined}
        data-before={align === 'right' || undefined}
      >
        {name}
        <Arrow size={13} aria-hidden className={classes.arrow} />
      </UnstyledButton>
    </Table.Th>
  )
}
