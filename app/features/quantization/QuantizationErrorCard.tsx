import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatExact, formatNumber } from '../../format/numbers.ts'
import { shortName } from '../train/tensor-names.ts'
import { type Measure, worstTensor } from './measures.ts'
import { TensorBars } from './TensorBars.tsx'

interface QuantizationErrorCardProps {
  tensors: readonly TensorQuantization[]
  empty: string
  measure?: Measure
  controls?: ReactNode
  className?: string
  selected?: string
  onSelect?: (name: string) => void
}

/** Error of every quantized matrix, in the order of the model. */
export function QuantizationErrorCard(props: QuantizationErrorCardProps) {
  const { tensors, empty, measure = 'rmse', controls, className, selected, onSelect } = props
  const { t } = useTranslation()
  const worst = worstTensor(tensors, measure)
  const name = t(`quantization.columns.${measure}`)
  return (
    <ChartCard
      className={className}
      title={t('cards.quantization.title')}
      help={t(`quantization.measureHelp.${measure}`)}
      summary={
        worst
          ? t('quantization.errorSummary', {
              count: tensors.length,
              measure: name,
              worst: formatNumber(worst[measure]),
              name: shortName(worst.name),
            })
          : t('cards.quantization.title')
      }
      controls={controls}
      empty={tensors.length === 0 ? empty : undefined}
      table={{
        rows: tensors,
        columns: [
          { name: t('cards.quantization.tensor'), value: (row) => shortName(row.name), align: 'left' },
          { name: t('quantization.columns.rmse'), value: (row) => <Quantity value={row.rmse} /> },
          { name: t('quantization.columns.mae'), value: (row) => <Quantity value={row.mae} /> },
          { name: t('quantization.columns.maxError'), value: (row) => <Quantity value={row.maxError} /> },
          { name: t('quantization.columns.snrDb'), value: (row) => <Quantity value={row.snrDb} unit="dB" /> },
        ],
      }}
    >
      {(height) => (
        <TensorBars
          height={height}
          bars={tensors.map((tensor) => ({
            name: tensor.name,
            block: tensor.block,
            value: tensor[measure],
            title: `${shortName(tensor.name)}: ${formatExact(tensor[measure])}`,
          }))}
          axis={t('cards.quantization.axis')}
          selected={selected}
          onSelect={onSelect}
        />
      )}
    </ChartCard>
  )
}
