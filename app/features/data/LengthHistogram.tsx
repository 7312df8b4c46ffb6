import { useTranslation } from 'react-i18next'
import type { DatasetSummary } from '../../../src/session/reports.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { Histogram } from '../../charts/Histogram.tsx'
import { formatInteger } from '../../format/numbers.ts'
import { useRecipe } from '../../stores/context.tsx'

/** Tokens a row, with the line at which the recipe cuts. */
export function LengthHistogram({ summary }: { summary: DatasetSummary }) {
  const { t } = useTranslation()
  const limit = useRecipe((recipe) => recipe.config?.data.maxSeqLength)
  const { histogram, longestTokens } = summary
  const rows = histogram
  const end = Math.max(
    ...rows.map(({ to }) => to),
    limit !== undefined && limit <= longestTokens * 2 ? limit : 0,
    1,
  )
  return (
    <ChartCard
      title={t('data.lengths')}
      help={t('data.lengthsHelp')}
      summary={t('data.lengthsSummary', {
        rows: formatInteger(summary.rows),
        longest: formatInteger(longestTokens),
        limit: limit === undefined ? '–' : formatInteger(limit),
      })}
      table={{
        rows,
        columns: [
          { name: t('data.lengthFrom'), value: ({ from }) => formatInteger(from) },
          { name: t('data.lengthTo'), value: ({ to }) => formatInteger(to - 1) },
          { name: t('data.lengthCount'), value: ({ count }) => formatInteger(count) },
        ],
      }}
    >
      {(height) => (
        <Histogram
          height={height}
          domain={[0, end * 1.03]}
          axis={t('data.lengthAxis')}
          formatX={formatInteger}
          formatY={formatInteger}
          bars={rows.map(({ from, to, count }) => ({
            from,
            to,
            value: count,
            title: `${formatInteger(from)}–${formatInteger(to - 1)}: ${formatInteger(count)}`,
            tone: limit !== undefined && from >= limit ? 'cut' : 'plain',
          }))}
          mark={
            limit !== undefined && limit <= end
              ? { x: limit, label: t('data.limitLine', { count: limit }) }
              : undefined
          }
        />
      )}
    </ChartCard>
  )
}
