import { Button, Table } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'
import { formatBytes, formatPercent } from '../format/numbers.ts'
import type { BytesByCategory } from '../stores/run.ts'
import classes from './MemoryBar.module.css'
import { Quantity } from './Quantity.tsx'

type Category = keyof BytesByCategory

/** In the order of a step: what lies there, what learns, what comes and goes. */
export const CATEGORIES: Record<Category, string> = {
  base4bit: 'var(--nibble-base4bit)',
  scales: 'var(--nibble-scales)',
  weights: 'var(--nibble-weights)',
  adapters: 'var(--nibble-adapters)',
  gradients: 'var(--nibble-gradients)',
  optimizer: 'var(--nibble-optimizer)',
  activations: 'var(--nibble-activations)',
  workspace: 'var(--nibble-workspace)',
  kvCache: 'var(--nibble-kvcache)',
  staging: 'var(--nibble-staging)',
}

/** GPU memory stacked by category, with names and figures in the order of the bar; also as a table. */
export function MemoryBar({ bytes, compact = false }: { bytes: BytesByCategory; compact?: boolean }) {
  const { t } = useTranslation()
  const [asTable, { toggle }] = useDisclosure(false)
  const categories = (Object.keys(CATEGORIES) as Category[]).filter((category) => bytes[category] > 0)
  const total = categories.reduce((sum, category) => sum + bytes[category], 0)
  if (asTable && !compact) {
    return (
      <>
        <Table verticalSpacing={4} fz="sm" captionSide="top">
          <Table.Caption>{t('memory.tableCaption')}</Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('memory.category')}</Table.Th>
              <Table.Th ta="right">{t('memory.bytes')}</Table.Th>
              <Table.Th ta="right">{t('memory.share')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {categories.map((category) => (
              <Table.Tr key={category}>
                <Table.Td>{t(`memory.categories.${category}`)}</Table.Td>
                <Table.Td ta="right">{bytes[category].toLocaleString('en')}</Table.Td>
                <Table.Td ta="right">{formatPercent(bytes[category] / total)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Toggle label={t('cards.chart')} onClick={toggle} />
      </>
    )
  }
  return (
    <>
      <div className={classes.bar} aria-hidden>
        {categories.map((category) => (
          <div
            key={category}
            className={classes.part}
            style={{ flexGrow: bytes[category] / total, background: CATEGORIES[category] }}
            title={`${t(`memory.categories.${category}`)}: ${formatBytes(bytes[category])}`}
          />
        ))}
      </div>
      <ul className={classes.legend} data-compact={compact || undefined}>
        {categories.map((category) => (
          <li key={category} title={t(`memory.categoriesHelp.${category}`)}>
            <span className={classes.swatch} style={{ background: CATEGORIES[category] }} aria-hidden />
            <span className={classes.name}>{t(`memory.categories.${category}`)}</span>
            <Quantity value={bytes[category]} format={formatBytes} unit="" />
          </li>
        ))}
      </ul>
      {!compact && <Toggle label={t('cards.table')} onClick={toggle} />}
    </>
  )
}

function Toggle({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Button variant="subtle" size="compact-xs" mt={6} onClick={onClick}>
      {label}
    </Button>
  )
}
