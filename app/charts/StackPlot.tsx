import { useMemo } from 'react'
import {
  Area,
  CartesianGrid,
  ComposedChart,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts'
import { formatPercent } from '../format/numbers.ts'
import { linearAxis, stepAxis } from './axis.ts'
import { X_AXIS, Y_AXIS } from './axis-look.ts'
import classes from './CurvePlot.module.css'
import { nearest } from './curve.ts'
import stack from './StackPlot.module.css'
import { useUntabbableLayers } from './untabbable-layers.ts'

/** One part of a whole over common places; the first lies at the bottom. Heights are finite and never negative. */
export interface Layer {
  key: string
  name: string
  color: string
  ys: ArrayLike<number>
  /** Beside the name under the picture. */
  figure?: string
}

/** A height that the stack is measured against. */
export interface Mark {
  key: string
  name: string
  y: number
  dash?: string
}

interface StackPlotProps {
  xs: readonly number[]
  layers: readonly Layer[]
  marks?: readonly Mark[]
  height: number
  x: [number, number]
  /** Places are whole steps. */
  steps?: boolean
  /** Heights hold until the next place: nothing lies between two. */
  stairs?: boolean
  /** What stands above the figures under the pointer; `index` is the place's in `xs`. */
  titleOf: (x: number, index: number) => string
  formatX: (value: number) => string
  formatY: (value: number) => string
}

/** Parts of a whole over a common axis, one upon the other. They are thinned beforehand (decimate.ts). */
export function StackPlot(props: StackPlotProps) {
  const { xs, layers, marks = [], height, x: ends, steps = false, stairs = false } = props
  const { titleOf, formatX, formatY } = props
  const frame = useUntabbableLayers()
  const [from, to] = ends
  const x = useMemo(() => (steps ? stepAxis(from, to) : linearAxis(from, to)), [from, to, steps])
  const rows = useMemo(
    () =>
      xs.map((at, index) => {
        const row: Record<string, number> = { x: at }
        for (const { key, ys } of layers) row[key] = ys[index]
        return row
      }),
    [xs, layers],
  )
  const y = useMemo(() => {
    const highest = Math.max(
      ...rows.map(({ x: _, ...parts }) => Object.values(parts).reduce((sum, part) => sum + part, 0)),
      ...marks.map((mark) => mark.y),
    )
    return linearAxis(0, highest > 0 ? highest * 1.06 : 1)
  }, [rows, marks])
  return (
    <>
      <div ref={frame}>
        <ResponsiveContainer width="100%" height={height} initialDimension={{ width: 320, height }}>
          <ComposedChart
            data={rows}
            margin={{ top: 8, right: 12, bottom: 0, left: 0 }}
            accessibilityLayer={false}
            className={classes.plot}
          >
            <CartesianGrid vertical={false} syncWithTicks stroke="var(--nibble-line)" />
            <XAxis
              {...X_AXIS}
              domain={[x.from, x.to]}
              ticks={x.ticks}
              tickFormatter={(value: number) => formatX(value)}
            />
            <YAxis
              {...Y_AXIS}
              width={60}
              domain={[y.from, y.to]}
              ticks={y.ticks}
              tickFormatter={(value: number) => formatY(value)}
            />
            <Tooltip
              isAnimationActive={false}
              cursor={{ stroke: 'var(--nibble-ink)' }}
              content={({ active, label }) => {
                const index = active && typeof label === 'number' ? nearest(xs, label) : -1
                return index < 0 ? null : (
                  <Readout
                    title={titleOf(xs[index], index)}
                    layers={layers}
                    index={index}
                    formatY={formatY}
                  />
                )
              }}
            />
            {layers.map(({ key, name, color }) => (
              <Area
                key={key}
                dataKey={key}
                name={name}
                stackId="whole"
                fill={color}
                fillOpacity={1}
                stroke="var(--nibble-surface)"
                strokeWidth={0.75}
                type={stairs ? 'stepAfter' : 'linear'}
                dot={rows.length === 1 ? { r: 2, fill: color, stroke: 'none' } : false}
                activeDot={false}
                isAnimationActive={false}
                legendType="none"
              />
            ))}
            {marks.map(({ key, y: at, dash }) => (
              <ReferenceLine
                key={key}
                y={at}
                stroke="var(--nibble-ink)"
                strokeWidth={1.5}
                strokeDasharray={dash}
              />
            ))}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
      <ul className={classes.legend} data-legend>
        {layers.map(({ key, name, color, figure }) => (
          <li key={key}>
            <svg width={12} height={12} className={classes.mark} aria-hidden>
              <rect width={12} height={12} rx={3} style={{ fill: color }} />
            </svg>
            {name}
            {figure !== undefined && <strong className={stack.figure}>{figure}</strong>}
          </li>
        ))}
        {marks.map(({ key, name, dash }) => (
          <li key={key}>
            <svg width={18} height={10} className={classes.mark} aria-hidden>
              <path
                d="M0,5H18"
                className={classes.bold}
                style={{ stroke: 'var(--nibble-ink)', strokeDasharray: dash }}
              />
            </svg>
            {name}
          </li>
        ))}
      </ul>
    </>
  )
}

interface ReadoutProps {
  title: string
  layers: readonly Layer[]
  index: number
  formatY: (value: number) => string
}

/** The parts under the pointer, in the order of the picture, with what share of the whole each is. */
function Readout({ title, layers, index, formatY }: ReadoutProps) {
  const whole = layers.reduce((sum, { ys }) => sum + ys[index], 0)
  return (
    <div className={classes.readout}>
      <div className={classes.readoutTitle}>
        {title} · {formatY(whole)}
      </div>
      {[...layers].reverse().map(({ key, name, color, ys }) => (
        <div key={key} className={classes.readoutLine}>
          <span className={classes.swatch} style={{ background: color }} />
          {name}
          <strong>{formatY(ys[index])}</strong>
          <span className={stack.share}>
            {formatPercent(whole > 0 ? Math.round((ys[index] / whole) * 1000) / 1000 : 0)}
          </span>
        </div>
      ))}
    </div>
  )
}
