import { useTranslation } from 'react-i18next'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatExact, formatNumber } from '../../format/numbers.ts'
import { shortName } from '../train/tensor-names.ts'
import { TensorBars } from './TensorBars.tsx'

interface QuantizationErrorCardProps {
  tensors: readonly TensorQuantization[]
  empty: string
  className?: string
  selected?: string
  onSelect?: (name: string) => void
}

/** Error of every quantized matrix, in the order of the model. */
export function QuantizationErrorCard({
  tensors,
  empty,
  className,
  selected,
  onSelect,
}: QuantizationErrorCardProps) {
  const { t } = useTranslation()
  const worst = tensors.reduce<TensorQuantization | null>(
    (most, tensor) => (!most || tensor.rmse > most.rmse ? tensor : most),
    null,
  )
  return (
    <ChartCard
      className={className}
      title={t('cards.quantization.title')}
      help={t('cards.quantization.help')}
      summary={
        worst
          ? t('cards.quantization.summary', {
              count: tensors.length,
              max: formatNumber(worst.rmse),
              name: shortName(worst.name),
            })
          : t('cards.quantization.title')
      }
      empty={tensors.length === 0 ? empty : undefined}
      table={{
        rows: tensors,
        columns: [
          { name: t('cards.quantization.tensor'), value: (row) => shortName(row.name), align: 'left' },
          { name: t('quantization.columns.rmse'), value: (row) => <Quantity value={row.rmse} /> },
          { name: t('quantization.columns.snr'), value: (row) => <Quantity value={row.snrDb} unit="dB" /> },
        ],
      }}
    >
      {(height) => (
        <TensorBars
          height={height}
          bars={tensors.map(({ name, block, rmse }) => ({
            name,
            block,
            value: rmse,
            title: `${shortName(name)}: ${formatExact(rmse)}`,
          }))}
          axis={t('cards.quantization.axis')}
          selected={selected}
          onSelect={onSelect}
        />
      )}
    </ChartCard>
  )
}
