import { useElementSize } from '@mantine/hooks'
import { niceTicks } from '../../charts/ticks.ts'
import { formatNumber } from '../../format/numbers.ts'
import classes from './TensorBars.module.css'

interface TensorBarsProps {
  bars: readonly { name: string; block: number | null; value: number; title: string }[]
  height: number
  axis: string
  selected?: string
  onSelect?: (name: string) => void
}

const LEFT = 52
const TOP = 8
const BOTTOM = 32

/** A bar a matrix in the order of the model; the numbers below are the blocks. */
export function TensorBars({ bars, height, axis, selected, onSelect }: TensorBarsProps) {
  const { ref, width } = useElementSize()
  const highest = Math.max(...bars.map(({ value }) => value).filter(Number.isFinite), 0) || 1
  const innerHeight = height - TOP - BOTTOM
  const slot = Math.max(width - LEFT - 6, 10) / Math.max(bars.length, 1)
  const y = (value: number) => TOP + innerHeight * (1 - value / highest)
  const starts = bars.flatMap(({ block }, index) =>
    index === 0 || bars[index - 1].block !== block ? [{ block, index }] : [],
  )
  const every = Math.max(1, Math.ceil((starts.length * 26) / Math.max(width - LEFT, 1)))
  return (
    <div ref={ref} style={{ height }}>
      {width > 0 && (
        <svg width={width} height={height} className={classes.plot} aria-hidden>
          {niceTicks(highest).map((tick) => (
            <g key={tick}>
              <line x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} className={classes.grid} />
              <text x={LEFT - 8} y={y(tick)} textAnchor="end" dominantBaseline="middle">
                {formatNumber(tick)}
              </text>
            </g>
          ))}
          {bars.map(({ name, value, title }, index) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: a convenience for pointers; the list beside it is the way by keyboard
            <g
              key={name}
              className={classes.slot}
              data-selected={name === selected || undefined}
              data-clickable={onSelect ? true : undefined}
              onClick={() => onSelect?.(name)}
            >
              <title>{title}</title>
              <rect
                x={LEFT + index * slot}
                y={TOP}
                width={slot}
                height={innerHeight}
                className={classes.reach}
              />
              <rect
                x={LEFT + index * slot + Math.min(1, slot * 0.12)}
                y={y(Number.isFinite(value) ? value : 0)}
                width={Math.max(slot - Math.min(2, slot * 0.24), 1)}
                height={Math.max(TOP + innerHeight - y(Number.isFinite(value) ? value : 0), 0)}
                className={classes.bar}
              />
            </g>
          ))}
          {starts
            .filter((_, index) => index % every === 0)
            .map(({ block, index }) => (
              <g key={index}>
                <line
                  x1={LEFT + index * slot}
                  x2={LEFT + index * slot}
                  y1={TOP + innerHeight}
                  y2={TOP + innerHeight + 5}
                  className={classes.tick}
                />
                <text x={LEFT + index * slot + 3} y={TOP + innerHeight + 13} textAnchor="start">
                  {block ?? '–'}
                </text>
              </g>
            ))}
          <line x1={LEFT} x2={width} y1={TOP + innerHeight} y2={TOP + innerHeight} className={classes.tick} />
          <text x={LEFT + (width - LEFT) / 2} y={height - 3} textAnchor="middle">
            {axis}
          </text>
        </svg>
      )}
    </div>
  )
}
