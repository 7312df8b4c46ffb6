import { useMemo } from 'react'
import { CartesianGrid, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { formatExact, formatInteger, formatNumber } from '../format/numbers.ts'
import { type Axis, linearAxis, logAxis, stepAxis } from './axis.ts'
import { X_AXIS, Y_AXIS } from './axis-look.ts'
import classes from './CurvePlot.module.css'
import { type Curve, extent, nearest, pointsOf } from './curve.ts'
import { useUntabbableLayers } from './untabbable-layers.ts'

interface CurvePlotProps {
  curves: readonly Curve[]
  height: number
  log?: boolean
  /** Ends of the axis below, so that a live curve grows into its place. */
  x: [number, number]
  xName: string
  /** How places are written; as whole steps unless told. */
  formatX?: (value: number) => string
  formatY?: (value: number) => string
  /** Where the picture ends; what is higher is cut. A little above the highest value unless told. */
  top?: number
  /** Asked for the place that was clicked, where a click tells more. */
  onPick?: (x: number) => void
  /** Names under the picture; by itself where there are two to eight curves. */
  legend?: boolean
}

/** Curves over a common axis. They are thinned beforehand (decimate.ts); nothing on it is ever negative. */
export function CurvePlot(props: CurvePlotProps) {
  const {
    curves,
    height,
    log = false,
    x: ends,
    xName,
    formatX = formatInteger,
    formatY = formatNumber,
    top,
    onPick,
  } = props
  const frame = useUntabbableLayers()
  const [from, to] = ends
  const x = useMemo(
    () => (formatX === formatInteger ? stepAxis(from, to) : linearAxis(from, to)),
    [from, to, formatX],
  )
  const y = useMemo(() => heightAxis(curves, log, top), [curves, log, top])
  const points = useMemo(() => curves.map((curve) => pointsOf(curve, log)), [curves, log])
  const places = useMemo(() => placesOf(curves), [curves])
  const withLegend = props.legend ?? (curves.length > 1 && curves.length < 9)
  return (
    <>
      <div ref={frame}>
        <ResponsiveContainer width="100%" height={height} initialDimension={{ width: 320, height }}>
          <ComposedChart
            data={places}
            margin={{ top: 8, right: 12, bottom: 0, left: 0 }}
            accessibilityLayer={false}
            className={onPick ? `${classes.plot} ${classes.pickable}` : classes.plot}
            onClick={({ activeLabel }) => {
              const place = Number(activeLabel)
              if (activeLabel !== undefined && Number.isFinite(place)) onPick?.(place)
            }}
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
              width={52}
              scale={log ? 'log' : 'linear'}
              domain={[y.from, y.to]}
              ticks={y.ticks}
              tickFormatter={(value: number) => formatY(value)}
            />
            <Tooltip
              isAnimationActive={false}
              cursor={{ stroke: 'var(--nibble-line-strong)' }}
              content={({ active, label }) =>
                active && typeof label === 'number' ? (
                  <Readout title={`${xName} ${formatX(label)}`} curves={curves} at={label} />
                ) : null
              }
            />
            {curves.map(({ key, name, color, look = 'bold', dash }, index) => (
              <Line
                key={key}
                data={points[index]}
                dataKey="y"
                name={name}
                stroke={look === 'dots' ? 'none' : color}
                strokeWidth={look === 'faint' ? 1 : 2}
                strokeDasharray={dash}
                strokeLinecap="round"
                strokeLinejoin="round"
                dot={
                  look === 'dots' && {
                    r: 4,
                    fill: color,
                    stroke: 'var(--nibble-surface)',
                    strokeWidth: 1.5,
                    clipDot: false,
                  }
                }
                activeDot={false}
                type="linear"
                isAnimationActive={false}
                legendType="none"
              />
            ))}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
      {withLegend && (
        <ul className={classes.legend} data-legend>
          {curves.map(({ key, name, color, look = 'bold', dash }) => (
            <li key={key}>
              <svg width={18} height={10} className={classes.mark} aria-hidden>
                {look === 'dots' ? (
                  <circle cx={9} cy={5} r={4} style={{ fill: color }} />
                ) : (
                  <path
                    d="M0,5H18"
                    className={classes[look]}
                    style={{ stroke: color, strokeDasharray: dash }}
                  />
                )}
              </svg>
              {name}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

interface ReadoutProps {
  title: string
  curves: readonly Curve[]
  at: number
}

/** The figures under the pointer. A curve that has no value there is left out. */
function Readout({ title, curves, at }: ReadoutProps) {
  return (
    <div className={classes.readout}>
      <div className={classes.readoutTitle}>{title}</div>
      {curves.map(({ key, name, color, xs, ys, look }) => {
        const index = nearest(xs, at)
        if (index < 0 || !Number.isFinite(ys[index])) return null
        if (look === 'dots' ? xs[index] !== at : at < xs[0] || at > xs[xs.length - 1]) return null
        return (
          <div key={key} className={classes.readoutLine}>
            <span className={classes.swatch} style={{ background: color }} />
            {name}
            <strong>{formatExact(Number(ys[index].toPrecision(6)))}</strong>
          </div>
        )
      })}
    </div>
  )
}

/** Everywhere that some curve has a point: where a pointer can rest. */
function placesOf(curves: readonly Curve[]): { x: number }[] {
  const places = new Set<number>()
  for (const { xs } of curves) for (let index = 0; index < xs.length; index++) places.add(xs[index])
  return [...places].sort((a, b) => a - b).map((x) => ({ x }))
}

function heightAxis(curves: readonly Curve[], log: boolean, top: number | undefined): Axis {
  const found = extent(curves)
  if (!found) return linearAxis(0, 1)
  const highest = Math.min(found.highest, top ?? Number.POSITIVE_INFINITY)
  if (log) return logAxis(found.lowest / 1.06, highest * 1.06)
  return linearAxis(0, highest > 0 ? highest * 1.04 : 1)
}
