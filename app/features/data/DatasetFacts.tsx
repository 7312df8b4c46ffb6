import { Anchor, Badge, Box, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { DatasetSummary } from '../../../src/session/reports.ts'
import { type Fact, Facts } from '../../components/Facts.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatCount, formatInteger, formatPercent } from '../../format/numbers.ts'
import { useDataset, useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import { ColumnSentence } from './ColumnSentence.tsx'
import { canBeCut, rowsCut } from './data-problems.ts'
import { mappingSentence } from './mapping-sentence.ts'

/** What was read of the file, in figures and in a sentence. */
export function DatasetFacts({ summary }: { summary: DatasetSummary }) {
  const { t } = useTranslation()
  const limit = useRecipe((recipe) => recipe.config?.data.maxSeqLength)
  const cut =
    limit !== undefined && canBeCut(summary) ? rowsCut(summary.lengthCounts, limit) : summary.truncatedRows
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
    value: cut === 0 ? t('app.none') : formatInteger(cut),
    note: cut > 0 && limit !== undefined && t('data.truncatedHelp', { count: limit }),
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
      <Reading summary={summary} />
      <Facts facts={facts} />
    </Panel>
  )
}

/** How a row is read; where it has columns to choose from, in a sentence that can be changed. */
function Reading({ summary }: { summary: DatasetSummary }) {
  const { t } = useTranslation()
  const { chooseColumns } = useStudio()
  const opened = useDataset((dataset) => dataset.opened)
  const isChosen = useRecipe(({ base }) => Boolean(base.data.mapping))
  const locked = useRun((run) => isLive(run.status))
  const { columnMapping: mapping, columns, fileFormat } = summary
  if (!opened || mapping.shape === 'tokens' || fileFormat === 'document')
    return <Text mb="md">{mappingSentence(summary.mapping, t)}</Text>
  return (
    <Box mb="md">
      <ColumnSentence
        columns={columns}
        choice={mapping}
        disabled={locked}
        onChange={(choice) => chooseColumns(opened, choice)}
      />
      {isChosen && (
        <Text size="sm" c="var(--nibble-ink-soft)" mt={6}>
          {t('data.columns.chosen')}{' '}
          <Anchor
            component="button"
            type="button"
            size="sm"
            disabled={locked}
            onClick={() => chooseColumns(opened, null)}
          >
            {t('data.columns.byName')}
          </Anchor>
        </Text>
      )}
    </Box>
  )
}
