import { useElementSize } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { rampColor } from '../../charts/ramp.ts'
import { Quantity } from '../../components/Quantity.tsx'
import { formatExact, formatNumber } from '../../format/numbers.ts'
import { shortName } from '../train/tensor-names.ts'
import classes from './ErrorMap.module.css'
import { type ErrorGrid, errorGrid } from './error-grid.ts'
import { isWorseHigh, type Measure, worstTensor } from './measures.ts'

interface ErrorMapProps {
  tensors: readonly TensorQuantization[]
  measure: Measure
  className?: string
  selected: string
  onSelect: (name: string) => void
}

/** The error of every matrix by its kind (down) and its block (across): where in the model it sits. */
export function ErrorMap({ tensors, measure, className, selected, onSelect }: ErrorMapProps) {
  const { t } = useTranslation()
  const grid = errorGrid(tensors, measure)
  const worst = worstTensor(tensors, measure)
  const unit = measure === 'snrDb' ? 'dB' : undefined
  return (
    <ChartCard
      className={className}
      title={t('quantization.map')}
      help={t('quantization.mapHelp')}
      summary={t('quantization.mapSummary', {
        kinds: grid.kinds.length,
        blocks: grid.blocks.length,
        name: worst ? shortName(worst.name) : '',
      })}
      table={{
        rows: grid.blocks.map((block, column) => ({ block, column })),
        columns: [
          { name: t('quantization.block'), value: ({ block }) => block ?? '–' },
          ...grid.kinds.map((kind, row) => ({
            name: kind,
            value: ({ column }: { column: number }) => (
              <Quantity value={grid.cells[row][column]?.[measure]} unit={unit} />
            ),
          })),
        ],
      }}
      note={<Legend grid={grid} measure={measure} />}
    >
      {(height) => (
        <Cells grid={grid} measure={measure} height={height} selected={selected} onSelect={onSelect} />
      )}
    </ChartCard>
  )
}

const LEFT = 74
const BOTTOM = 32

interface CellsProps {
  grid: ErrorGrid
  measure: Measure
  height: number
  selected: string
  onSelect: (name: string) => void
}

function Cells({ grid, measure, height, selected, onSelect }: CellsProps) {
  const { t } = useTranslation()
  const { ref, width } = useElementSize()
  const { kinds, blocks, cells } = grid
  const slotWidth = Math.max(width - LEFT - 2, 10) / Math.max(blocks.length, 1)
  const slotHeight = (height - BOTTOM) / Math.max(kinds.length, 1)
  const gap = slotWidth > 8 ? 1 : 0
  const every = Math.max(1, Math.ceil(24 / slotWidth))
  return (
    <div ref={ref} style={{ height }}>
      {width > 0 && (
        <svg width={width} height={height} className={classes.plot} aria-hidden>
          {kinds.map((kind, row) => (
            <text
              key={kind}
              x={LEFT - 8}
              y={(row + 0.5) * slotHeight}
              textAnchor="end"
              dominantBaseline="middle"
            >
              {kind}
            </text>
          ))}
          {cells.map((line, row) =>
            line.map(
              (tensor, column) =>
                tensor && (
                  // biome-ignore lint/a11y/noStaticElementInteractions: a convenience for pointers; the names in the table are the way by keyboard
                  <rect
                    key={tensor.name}
                    x={LEFT + column * slotWidth + gap}
                    y={row * slotHeight + gap}
                    width={Math.max(slotWidth - 2 * gap, 1)}
                    height={Math.max(slotHeight - 2 * gap, 1)}
                    rx={gap * 3}
                    fill={rampColor(grid.badness(tensor))}
                    className={classes.cell}
                    data-selected={tensor.name === selected || undefined}
                    onClick={() => onSelect(tensor.name)}
                  >
                    <title>{`${shortName(tensor.name)}: ${formatExact(tensor[measure])}`}</title>
                  </rect>
                ),
            ),
          )}
          {blocks.map(
            (block, column) =>
              column % every === 0 && (
                <text
                  key={block}
                  x={LEFT + (column + 0.5) * slotWidth}
                  y={height - BOTTOM + 14}
                  textAnchor="middle"
                >
                  {block ?? '–'}
                </text>
              ),
          )}
          <text x={LEFT + (width - LEFT) / 2} y={height - 2} textAnchor="middle">
            {t('cards.quantization.axis')}
          </text>
        </svg>
      )}
    </div>
  )
}

function Legend({ grid, measure }: { grid: ErrorGrid; measure: Measure }) {
  const { lowest, highest } = grid
  const [good, bad] = isWorseHigh(measure) ? [lowest, highest] : [highest, lowest]
  const unit = measure === 'snrDb' ? ' dB' : ''
  return (
    <span className={`${classes.legend} tabular`}>
      {formatNumber(good)}
      {unit}
      <span className={classes.ramp} aria-hidden />
      {formatNumber(bad)}
      {unit}
    </span>
  )
}
