import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DatasetSummary } from '../../../src/session/reports.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { Histogram } from '../../charts/Histogram.tsx'
import { formatInteger } from '../../format/numbers.ts'
import { useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { valueAt } from '../../stores/recipe-fields.ts'
import { isLive } from '../../stores/run.ts'
import { canBeCut, rowsCut } from './data-problems.ts'

const LIMIT = 'data.maxSeqLength'
const LEAST = 2

/** Tokens a row, with the line at which the recipe cuts; the line can be moved. */
export function LengthHistogram({ summary }: { summary: DatasetSummary }) {
  const { t } = useTranslation()
  const { editField } = useStudio()
  const written = useRecipe(({ draft }) => valueAt(draft, LIMIT))
  const locked = useRun((run) => isLive(run.status))
  const [moving, setMoving] = useState<number | null>(null)
  const { histogram: rows, longestTokens, lengthCounts } = summary
  const set = typeof written === 'number' ? written : undefined
  const limit = moving ?? set
  const movable = canBeCut(summary)
  const end = Math.max(
    ...rows.map(({ to }) => to),
    set !== undefined && set <= longestTokens * 2 ? set : 0,
    1,
  )
  const cut =
    limit !== undefined && movable
      ? t('data.cutRows', { count: rowsCut(lengthCounts, limit), rows: formatInteger(summary.rows) })
      : undefined
  const release = (value: number) => {
    setMoving(null)
    if (value !== set) editField(LIMIT, value)
  }
  return (
    <ChartCard
      title={t('data.lengths')}
      help={t(movable ? 'data.lengthsHelpMovable' : 'data.lengthsHelp')}
      note={cut}
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
            tone: limit !== undefined && from > limit ? 'cut' : 'plain',
          }))}
          mark={
            limit !== undefined && (movable || limit <= end)
              ? {
                  x: limit,
                  label: t('data.limitLine', { count: limit }),
                  movable: movable
                    ? {
                        name: t('data.limitName'),
                        valueText: `${t('data.limitValue', { count: limit })}; ${cut}`,
                        min: LEAST,
                        max: end,
                        end: Math.max(longestTokens, LEAST),
                        disabled: locked,
                        onMove: setMoving,
                        onRelease: release,
                      }
                    : undefined,
                }
              : undefined
          }
        />
      )}
    </ChartCard>
  )
}
