import { Table } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './DataTable.module.css'

export interface Column<Row> {
  name: string
  value: (row: Row) => ReactNode
  align?: 'left' | 'right'
  /** Left out where the screen is narrow. */
  wideOnly?: boolean
}

interface DataTableProps<Row> {
  caption: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  /** Pixels at which it begins to scroll. */
  height?: number
}

/** Figures in rows, the head always in sight. */
export function DataTable<Row>({ caption, columns, rows, height }: DataTableProps<Row>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className={classes.scroll} style={{ maxHeight: height }} tabIndex={0} aria-label={caption}>
      <Table stickyHeader verticalSpacing={3} horizontalSpacing={10} fz="0.8rem" className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th
                key={column.name}
                ta={column.align ?? 'right'}
                data-wide-only={column.wideOnly || undefined}
              >
                {column.name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are measurements in order, without another identity
            <Table.Tr key={index}>
              {columns.map((column) => (
                <Table.Td
                  key={column.name}
                  ta={column.align ?? 'right'}
                  data-align={column.align ?? 'right'}
                  data-wide-only={column.wideOnly || undefined}
                >
                  {column.value(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}
