import { useElementSize } from '@mantine/hooks'
import { type PointerEvent, useId, useMemo, useState } from 'react'
import { formatExact, formatInteger, formatNumber } from '../format/numbers.ts'
import { type Axis, linearAxis, logAxis, stepAxis } from './axis.ts'
import classes from './CurvePlot.module.css'
import { type Curve, extent, nearest, pathOf } from './curve.ts'

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
  /** Names under the picture; by itself where there are two to eight curves. */
  legend?: boolean
}

const LEFT = 52
const RIGHT = 12
const TOP = 8
const BOTTOM = 24

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
  } = props
  const { ref, width } = useElementSize()
  const clip = useId()
  const [pointed, setPointed] = useState<number | null>(null)
  const innerWidth = Math.max(width - LEFT - RIGHT, 10)
  const innerHeight = height - TOP - BOTTOM
  const [from, to] = ends
  const x = useMemo(
    () => (formatX === formatInteger ? stepAxis(from, to) : linearAxis(from, to)),
    [from, to, formatX],
  )
  const y = useMemo(() => heightAxis(curves, log, top), [curves, log, top])
  const paths = useMemo(
    () => curves.map((curve) => (curve.look === 'dots' ? '' : pathOf(curve, x, y, innerWidth, innerHeight))),
    [curves, x, y, innerWidth, innerHeight],
  )
  const across = (value: number) => LEFT + x.place(value) * innerWidth
  const up = (value: number) => TOP + (1 - y.place(value)) * innerHeight
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    setPointed(snap(curves, x.at((event.clientX - box.left - LEFT) / innerWidth)))
  }
  const withLegend = props.legend ?? (curves.length > 1 && curves.length < 9)
  return (
    <>
      <div ref={ref} style={{ height }} className={classes.frame}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            className={classes.plot}
            aria-hidden
            onPointerMove={point}
            onPointerLeave={() => setPointed(null)}
          >
            <clipPath id={clip}>
              <rect x={-6} y={-3} width={innerWidth + 12} height={innerHeight + 9} />
            </clipPath>
            {y.ticks.map((tick) => (
              <g key={tick}>
                <line x1={LEFT} x2={width - RIGHT} y1={up(tick)} y2={up(tick)} className={classes.grid} />
                <text x={LEFT - 8} y={up(tick)} dy="0.35em" textAnchor="end">
                  {formatY(tick)}
                </text>
              </g>
            ))}
            <line
              x1={LEFT}
              x2={width - RIGHT}
              y1={TOP + innerHeight}
              y2={TOP + innerHeight}
              className={classes.base}
            />
            {apart(x.ticks, (tick) => x.place(tick) * innerWidth).map((tick) => (
              <text key={tick} x={across(tick)} y={TOP + innerHeight + 17} textAnchor="middle">
                {formatX(tick)}
              </text>
            ))}
            <g transform={`translate(${LEFT} ${TOP})`} clipPath={`url(#${clip})`}>
              {curves.map((curve, index) =>
                curve.look === 'dots' ? (
                  <Dots key={curve.key} curve={curve} x={x} y={y} width={innerWidth} height={innerHeight} />
                ) : (
                  <path
                    key={curve.key}
                    d={paths[index]}
                    className={curve.look === 'faint' ? classes.faint : classes.bold}
                    style={{ stroke: curve.color, strokeDasharray: curve.dash }}
                  />
                ),
              )}
            </g>
            {pointed !== null && (
              <line
                x1={across(pointed)}
                x2={across(pointed)}
                y1={TOP}
                y2={TOP + innerHeight}
                className={classes.cursor}
              />
            )}
          </svg>
        )}
        {pointed !== null && (
          <Readout
            title={`${xName} ${formatX(pointed)}`}
            curves={curves}
            at={pointed}
            left={across(pointed)}
            width={width}
          />
        )}
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

interface DotsProps {
  curve: Curve
  x: Axis
  y: Axis
  width: number
  height: number
}

/** Measurements that are few and far between. */
function Dots({ curve, x, y, width, height }: DotsProps) {
  return (
    <g>
      {Array.from(curve.ys, (value, index) => {
        const across = x.place(curve.xs[index]) * width
        const down = (1 - y.place(value)) * height
        if (!Number.isFinite(across) || !Number.isFinite(down)) return null
        return (
          <circle
            key={curve.xs[index]}
            cx={across}
            cy={down}
            r={4}
            className={classes.dot}
            style={{ fill: curve.color }}
          />
        )
      })}
    </g>
  )
}

interface ReadoutProps {
  title: string
  curves: readonly Curve[]
  at: number
  left: number
  width: number
}

/** The figures under the pointer. A curve that has no value there is left out. */
function Readout({ title, curves, at, left, width }: ReadoutProps) {
  const onLeft = left > width / 2
  return (
    <div
      className={classes.readout}
      style={onLeft ? { right: width - left + 10 } : { left: left + 10 }}
      aria-hidden
    >
      <div className={classes.readoutTitle}>{title}</div>
      {curves.map(({ key, name, color, xs, ys, look }) => {
        const index = nearest(xs, at)
        if (index < 0 || !Number.isFinite(ys[index])) return null
        if (look === 'dots' ? xs[index] !== at : at < xs[0] || at > xs[xs.length - 1]) return null
        return (
          <div key={key} className={classes.readoutLine}>
            <span className={classes.swatch} style={{ background: color }} />
            {name}
            <b>{formatExact(Number(ys[index].toPrecision(6)))}</b>
          </div>
        )
      })}
    </div>
  )
}

/** The nearest place at which some curve has a point. */
function snap(curves: readonly Curve[], value: number): number | null {
  let best: number | null = null
  for (const { xs } of curves) {
    const index = nearest(xs, value)
    if (index < 0) continue
    if (best === null || Math.abs(xs[index] - value) < Math.abs(best - value)) best = xs[index]
  }
  return best
}

function heightAxis(curves: readonly Curve[], log: boolean, top: number | undefined): Axis {
  const found = extent(curves)
  if (!found) return linearAxis(0, 1)
  const highest = Math.min(found.highest, top ?? Number.POSITIVE_INFINITY)
  if (log) return logAxis(found.lowest / 1.06, highest * 1.06)
  return linearAxis(0, highest > 0 ? highest * 1.04 : 1)
}

const SPACE_BETWEEN_NAMES = 44

/** Ticks whose names do not run into one another. */
function apart(ticks: readonly number[], place: (tick: number) => number): number[] {
  let last = Number.NEGATIVE_INFINITY
  return ticks.filter((tick) => {
    if (place(tick) - last < SPACE_BETWEEN_NAMES) return false
    last = place(tick)
    return true
  })
}
