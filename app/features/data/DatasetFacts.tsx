import { Badge, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { DatasetSummary } from '../../../src/session/reports.ts'
import { type Fact, Facts } from '../../components/Facts.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatCount, formatInteger, formatPercent } from '../../format/numbers.ts'
import { useRecipe } from '../../stores/context.tsx'
import { mappingSentence } from './mapping-sentence.ts'

/** What was read of the file, in figures and in a sentence. */
export function DatasetFacts({ summary }: { summary: DatasetSummary }) {
  const { t } = useTranslation()
  const limit = useRecipe((recipe) => recipe.config?.data.maxSeqLength)
  const facts: Fact[] = [
    { label: t('data.rows'), value: <Quantity value={summary.rows} format={formatInteger} /> },
    { label: t('data.tokens'), value: <Quantity value={summary.totalTokens} format={formatCount} /> },
    {
      label: t('data.supervised'),
      value: <Quantity value={summary.supervisedTokens} format={formatCount} />,
      note: summary.totalTokens > 0 && formatPercent(summary.supervisedTokens / summary.totalTokens),
    },
    {
      label: t('data.longest'),
      value: <Quantity value={summary.longestTokens} format={formatInteger} unit={t('data.lengthAxis')} />,
    },
  ]
  if (summary.evalRows > 0) facts.push({ label: t('data.evalRows'), value: formatInteger(summary.evalRows) })
  if (summary.sequences !== summary.rows)
    facts.push({ label: t('data.sequences'), value: formatInteger(summary.sequences) })
  facts.push({
    label: t('data.truncated'),
    value: summary.truncatedRows === 0 ? t('app.none') : formatInteger(summary.truncatedRows),
    note: summary.truncatedRows > 0 && limit !== undefined && t('data.truncatedHelp', { count: limit }),
  })
  return (
    <Panel
      title={summary.name}
      id="data-summary"
      actions={
        <Badge variant="default" tt="none" fw={500}>
          {summary.format}
        </Badge>
      }
    >
      <Text mb="md">{mappingSentence(summary.mapping, t)}</Text>
      <Facts facts={facts} />
    </Panel>
  )
}
