import { Table, UnstyledButton } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import classes from './SortableHead.module.css'

interface Sorting {
  name: string
  /** How the table is sorted by this column; undefined when it is by another. */
  direction: 'ascending' | 'descending' | undefined
  onSort: () => void
}

interface SortableHeadProps extends Sorting {
  align?: 'left' | 'right'
  /** What else stands in the cells of this column, to be sorted by too. */
  more?: readonly Sorting[]
}

/** The head of a column by which a table can be sorted: a button, and the direction for those who do not see the arrow. */
export function SortableHead({ align = 'left', more = [], ...own }: SortableHeadProps) {
  const sortings = [own, ...more]
  return (
    <Table.Th ta={align} aria-sort={sortings.find(({ direction }) => direction)?.direction}>
      {sortings.map((sorting) => (
        <SortButton key={sorting.name} {...sorting} arrowFirst={align === 'right'} />
      ))}
    </Table.Th>
  )
}

function SortButton({ name, direction, onSort, arrowFirst }: Sorting & { arrowFirst: boolean }) {
  const { t } = useTranslation()
  const Arrow = direction === 'ascending' ? IconArrowUp : IconArrowDown
  return (
    <UnstyledButton
      onClick={onSort}
      className={classes.sort}
      title={t('app.sortBy', { column: name })}
      data-sorted={direction ? true : undefined}
      data-before={arrowFirst || undefined}
    >
      {name}
      <Arrow size={13} aria-hidden className={classes.arrow} />
    </UnstyledButton>
  )
}
