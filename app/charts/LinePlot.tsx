import { useMemo } from 'react'
import { CurvePlot } from './CurvePlot.tsx'
import type { Curve } from './curve.ts'

export type PlotSeries = Pick<Curve, 'key' | 'name' | 'color' | 'look' | 'dash'>

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
  formatY?: (value: number) => string
  legend?: boolean
}

/** Curves over steps whose values come in rows. What is not finite has been made null and leaves a gap. */
export function LinePlot({ rows, series, firstStep = 1, lastStep, ...rest }: LinePlotProps) {
  const curves = useMemo(() => {
    const xs = rows.map(({ step }) => step)
    return series.map((one) => ({ ...one, xs, ys: rows.map((row) => row[one.key] ?? Number.NaN) }))
  }, [rows, series])
  const last = Math.max(lastStep ?? 0, rows.at(-1)?.step ?? 0)
  return <CurvePlot curves={curves} x={[firstStep, last]} {...rest} />
}
