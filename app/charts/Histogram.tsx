import { useElementSize } from '@mantine/hooks'
import { formatNumber } from '../format/numbers.ts'
import classes from './Histogram.module.css'
import { MarkSlider, type MovableMark } from './MarkSlider.tsx'
import { niceTicks } from './ticks.ts'

export interface Bar {
  from: number
  to: number
  value: number
  /** What a pointer is told. */
  title: string
  tone?: 'plain' | 'cut'
}

interface HistogramProps {
  bars: readonly Bar[]
  height: number
  domain: [number, number]
  axis: string
  formatX?: (value: number) => string
  formatY?: (value: number) => string
  /** A vertical line with a name. */
  mark?: { x: number; label: string; movable?: MovableMark }
  /** A horizontal dashed line with a name. */
  level?: { y: number; label: string }
  ticks?: readonly number[]
}

const LEFT = 46
const RIGHT = 12
const TOP = 18
const BOTTOM = 34

/** Bars at their true places on a number line: buckets of any width, or narrow bars over code points. */
export function Histogram(props: HistogramProps) {
  const {
    bars,
    height,
    domain,
    axis,
    formatX = formatNumber,
    formatY = formatNumber,
    mark,
    level,
    ticks,
  } = props
  const { ref, width } = useElementSize()
  const highest = Math.max(...bars.map((bar) => bar.value), level?.y ?? 0) || 1
  const innerWidth = Math.max(width - LEFT - RIGHT, 10)
  const innerHeight = height - TOP - BOTTOM
  const x = (value: number) => LEFT + ((value - domain[0]) / (domain[1] - domain[0] || 1)) * innerWidth
  const valueAt = (pixels: number) => domain[0] + ((pixels - LEFT) / innerWidth) * (domain[1] - domain[0])
  /** A line beyond the end stands at the end. */
  const markX = mark && Math.min(x(mark.x), width - RIGHT)
  const y = (value: number) => TOP + innerHeight * (1 - value / highest)
  const yTicks = niceTicks(highest)
  const xTicks = ticks ?? niceTicks(domain[1])
  const markOnRight = markX !== undefined && markX > LEFT + innerWidth * 0.6
  return (
    <div ref={ref} style={{ height }} className={classes.frame}>
      {width > 0 && (
        <svg width={width} height={height} className={classes.plot} aria-hidden>
          {yTicks.map((tick) => (
            <g key={tick}>
              <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} className={classes.grid} />
              <text x={LEFT - 8} y={y(tick)} textAnchor="end" dominantBaseline="middle">
                {formatY(tick)}
              </text>
            </g>
          ))}
          {bars.map((bar) => {
            const left = x(bar.from)
            const barWidth = Math.max(x(bar.to) - left - 1, 1.5)
            return (
              <g key={`${bar.from}–${bar.to}`} className={classes.slot}>
                <title>{bar.title}</title>
                <rect x={left} y={TOP} width={barWidth} height={innerHeight} className={classes.reach} />
                <rect
                  x={left}
                  y={y(bar.value)}
                  width={barWidth}
                  height={Math.max(TOP + innerHeight - y(bar.value), bar.value > 0 ? 1 : 0)}
                  rx={Math.min(2, barWidth / 3)}
                  className={bar.tone === 'cut' ? classes.cut : classes.bar}
                />
              </g>
            )
          })}
          <line
            x1={LEFT}
            x2={width - RIGHT}
            y1={TOP + innerHeight}
            y2={TOP + innerHeight}
            className={classes.base}
          />
          {xTicks.map((tick) => (
            <text key={tick} x={x(tick)} y={TOP + innerHeight + 15} textAnchor="middle">
              {formatX(tick)}
            </text>
          ))}
          <text x={LEFT + innerWidth / 2} y={height - 3} textAnchor="middle">
            {axis}
          </text>
          {level && (
            <>
              <line x1={LEFT} x2={width - RIGHT} y1={y(level.y)} y2={y(level.y)} className={classes.level} />
              <text x={width - RIGHT} y={y(level.y) - 5} textAnchor="end" className={classes.label}>
                {level.label}
              </text>
            </>
          )}
          {mark && markX !== undefined && (
            <>
              <line x1={markX} x2={markX} y1={TOP - 8} y2={TOP + innerHeight} className={classes.mark} />
              <text
                x={markX + (markOnRight ? -6 : 6)}
                y={TOP - 6}
                textAnchor={markOnRight ? 'end' : 'start'}
                className={classes.label}
              >
                {mark.label}
              </text>
            </>
          )}
        </svg>
      )}
      {width > 0 && mark?.movable && (
        <MarkSlider
          mark={mark.movable}
          value={mark.x}
          toPixels={(value) => Math.min(x(value), width - RIGHT)}
          toValue={valueAt}
          top={TOP - 8}
          height={innerHeight + 8}
        />
      )}
    </div>
  )
}
