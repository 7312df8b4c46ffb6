import { CartesianGrid, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { formatExact, formatInteger, formatNumber } from '../format/numbers.ts'
import classes from './LinePlot.module.css'
import { niceTicks } from './ticks.ts'

export interface PlotSeries {
  key: string
  name: string
  color: string
  /** `faint` thin and pale, `bold` the line to look at, `dots` separate measurements. */
  look?: 'faint' | 'bold' | 'dots'
}

export type PlotRow = { step: number } & Record<string, number | null>

interface LinePlotProps {
  rows: readonly PlotRow[]
  series: readonly PlotSeries[]
  height: number
  log?: boolean
  /** 1 unless something was measured before the first step. */
  firstStep?: number
  /** The largest step of the axis, so that a live curve grows into its place. */
  lastStep?: number
  xName: string
  /** Names under the picture; by itself where there are two to five series. */
  legend?: boolean
}

/** Curves over steps. Rows are thinned beforehand; what is not finite has been made null and leaves a gap. */
export function LinePlot({
  rows,
  series,
  height,
  log = false,
  firstStep = 1,
  lastStep,
  xName,
  legend,
}: LinePlotProps) {
  const withLegend = legend ?? (series.length > 1 && series.length < 6)
  const end = Math.max(lastStep ?? 0, rows.at(-1)?.step ?? 0, firstStep + 1)
  const highest = highestOf(rows, series)
  return (
    <>
      <ResponsiveContainer width="100%" height={height} initialDimension={{ width: 320, height }}>
        <ComposedChart
          data={rows as PlotRow[]}
          margin={{ top: 6, right: 10, bottom: 0, left: 0 }}
          accessibilityLayer={false}
        >
          <CartesianGrid vertical={false} stroke="var(--nibble-line)" />
          <XAxis
            dataKey="step"
            type="number"
            domain={[firstStep, end]}
            ticks={stepTicks(firstStep, end)}
            interval="preserveStartEnd"
            tick={{ fill: 'var(--nibble-ink-soft)', fontSize: 11 }}
            tickLine={false}
            stroke="var(--nibble-line-strong)"
            tickFormatter={(step: number) => formatInteger(step)}
          />
          <YAxis
            width={52}
            scale={log ? 'log' : 'auto'}
            domain={log ? ['auto', 'auto'] : [0, highest]}
            ticks={log ? undefined : niceTicks(highest)}
            allowDataOverflow={log}
            tick={{ fill: 'var(--nibble-ink-soft)', fontSize: 11 }}
            tickLine={false}
            axisLine={false}
            tickFormatter={(value: number) => formatNumber(value)}
          />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: 'var(--nibble-line-strong)' }}
            contentStyle={{
              background: 'var(--nibble-surface)',
              border: '1px solid var(--nibble-line-strong)',
              borderRadius: 8,
              fontSize: 12,
              padding: '6px 10px',
            }}
            labelStyle={{ color: 'var(--nibble-ink-soft)' }}
            itemStyle={{ color: 'var(--nibble-ink)', padding: 0 }}
            labelFormatter={(step) => `${xName} ${formatInteger(Number(step))}`}
            formatter={(value) => formatExact(Number(value))}
          />
          {series.map(({ key, name, color, look = 'bold' }) => (
            <Line
              key={key}
              dataKey={key}
              name={name}
              stroke={look === 'dots' ? 'none' : color}
              strokeWidth={look === 'faint' ? 1 : 2}
              dot={
                look === 'dots'
                  ? { r: 4, fill: color, stroke: 'var(--nibble-surface)', strokeWidth: 1.5 }
                  : rows.length === 1
                    ? { r: 2, fill: color }
                    : false
              }
              activeDot={{ r: 3.5, fill: color, stroke: 'var(--nibble-surface)' }}
              type="linear"
              connectNulls={look === 'dots'}
              isAnimationActive={false}
              legendType="none"
            />
          ))}
        </ComposedChart>
      </ResponsiveContainer>
      {withLegend && (
        <ul className={classes.legend}>
          {series.map(({ key, name, color, look = 'bold' }) => (
            <li key={key}>
              <span className={classes.mark} data-look={look} style={{ background: color }} aria-hidden />
              {name}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** Top of the axis: a little above the highest value. What is plotted over steps is never negative. */
function highestOf(rows: readonly PlotRow[], series: readonly PlotSeries[]): number {
  let highest = 0
  for (const row of rows) for (const { key } of series) highest = Math.max(highest, row[key] ?? 0)
  return highest > 0 ? highest * 1.04 : 1
}

/** The first step, then round ones. */
function stepTicks(first: number, last: number): number[] {
  const round = niceTicks(last).filter((tick) => Number.isInteger(tick) && tick > first)
  return [first, ...round]
}
