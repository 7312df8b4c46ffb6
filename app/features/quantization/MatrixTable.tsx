import { Table } from '@mantine/core'
import { memo, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { Quantity } from '../../components/Quantity.tsx'
import { SortableHead } from '../../components/SortableHead.tsx'
import { shortName } from '../train/tensor-names.ts'
import classes from './MatrixTable.module.css'
import { COLUMNS, type ColumnKey, firstDirection, type Sorting, sortedTensors } from './measures.ts'

interface MatrixTableProps {
  tensors: readonly TensorQuantization[]
  selected: string
  onSelect: (name: string) => void
}

/** Every quantized matrix with its errors, sorted by any column. Its names are also the way by keyboard to the pictures. */
export function MatrixTable({ tensors, selected, onSelect }: MatrixTableProps) {
  const { t } = useTranslation()
  const [sorting, setSorting] = useState<Sorting>(firstDirection('name'))
  const sorted = useMemo(() => sortedTensors(tensors, sorting), [tensors, sorting])
  const sortBy = (key: ColumnKey) =>
    setSorting((before) =>
      before.key === key ? { key, descending: !before.descending } : firstDirection(key),
    )
  return (
    <Table.ScrollContainer minWidth={720} maxHeight={560} type="native">
      <Table stickyHeader verticalSpacing={4} fz="sm" className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            {COLUMNS.map((key) => (
              <SortableHead
                key={key}
                name={t(`quantization.columns.${key}`)}
                align={key === 'name' ? 'left' : 'right'}
                direction={
                  sorting.key === key ? (sorting.descending ? 'descending' : 'ascending') : undefined
                }
                onSort={() => sortBy(key)}
              />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted.map((tensor) => (
            <Row
              key={tensor.name}
              tensor={tensor}
              isSelected={tensor.name === selected}
              onSelect={onSelect}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

interface RowProps {
  tensor: TensorQuantization
  isSelected: boolean
  onSelect: (name: string) => void
}

/** Drawn once: large models have hundreds, and choosing one changes two. */
const Row = memo(function Row({ tensor, isSelected, onSelect }: RowProps) {
  const { t } = useTranslation()
  const { name, shape, rmse, mae, maxError, snrDb, bitsPerParam } = tensor
  return (
    <Table.Tr data-selected={isSelected || undefined} className={classes.row}>
      <Table.Th scope="row">
        <button
          type="button"
          className={classes.name}
          aria-pressed={isSelected}
          aria-label={t('quantization.show', { name: shortName(name) })}
          title={name}
          onClick={() => onSelect(name)}
        >
          {shortName(name)}
        </button>
      </Table.Th>
      <Table.Td>{shape.join(' × ')}</Table.Td>
      {[rmse, mae, maxError].map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a figure is its place in the row
        <Table.Td key={index}>
          <Quantity value={value} />
        </Table.Td>
      ))}
      <Table.Td>
        <Quantity value={snrDb} unit="dB" />
      </Table.Td>
      <Table.Td>
        <Quantity value={bitsPerParam} />
      </Table.Td>
    </Table.Tr>
  )
})
