import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { Histogram } from '../../charts/Histogram.tsx'
import { formatExact, formatFixed, formatInteger, formatPercent } from '../../format/numbers.ts'
import { shortName } from '../train/tensor-names.ts'

/** Half the width of a bar on the −1…1 axis: narrower than half the smallest gap of NF4's code points (0.08). */
const HALF_BAR = 0.028

/** How many weights took each of the 16 codes, drawn where the code points lie between −1 and 1. */
export function CodeHistogram({ tensor, controls }: { tensor: TensorQuantization; controls: ReactNode }) {
  const { t } = useTranslation()
  const total = tensor.histogram.reduce((sum, count) => sum + count, 0)
  const rows = tensor.codePoints
    .map((point, code) => ({
      code,
      point,
      count: tensor.histogram[code],
      share: tensor.histogram[code] / total,
    }))
    .sort((a, b) => a.point - b.point)
  const largest = rows.reduce((most, row) => (row.count > most.count ? row : most), rows[0])
  return (
    <ChartCard
      title={t('quantization.histogram', { name: shortName(tensor.name) })}
      help={`${t('quantization.histogramHelp')} ${t('quantization.truth')}`}
      summary={t('quantization.histogramSummary', {
        count: total,
        share: formatPercent(largest.share),
        point: formatFixed(largest.point, 3),
      })}
      controls={controls}
      table={{
        rows,
        columns: [
          { name: t('quantization.code'), value: (row) => row.code },
          {
            name: t('quantization.codePoint'),
            value: (row) => <span title={formatExact(row.point)}>{formatFixed(row.point, 4)}</span>,
          },
          { name: t('quantization.weights'), value: (row) => formatInteger(row.count) },
          { name: t('quantization.share'), value: (row) => formatPercent(row.share) },
        ],
      }}
    >
      {(height) => (
        <Histogram
          height={height}
          domain={[-1.06, 1.06]}
          axis={t('quantization.codePoint')}
          ticks={[-1, -0.5, 0, 0.5, 1]}
          formatY={(share) => formatPercent(share)}
          level={{ y: 1 / rows.length, label: t('quantization.evenShare') }}
          bars={rows.map(({ code, point, count, share }) => ({
            from: point - HALF_BAR,
            to: point + HALF_BAR,
            value: share,
            title: `${code} · ${formatExact(point)}: ${formatInteger(count)} (${formatPercent(share)})`,
          }))}
        />
      )}
    </ChartCard>
  )
}
