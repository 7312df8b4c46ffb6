import { useMemo } from 'react'
import { linearAxis } from '../../charts/axis.ts'
import { pathOf } from '../../charts/curve.ts'
import type { RunRecord } from '../../stores/history-record.ts'
import classes from './Sparkline.module.css'

const WIDTH = 76
const HEIGHT = 26

/** The loss curve as small as a word. */
export function Sparkline({ sparkline, label }: { sparkline: RunRecord['sparkline']; label: string }) {
  const path = useMemo(() => {
    const { steps, losses } = sparkline
    const finite = losses.filter(Number.isFinite)
    const lowest = Math.min(...finite)
    const highest = Math.max(...finite)
    if (finite.length === 0) return ''
    const curve = { key: '', name: '', color: '', xs: steps, ys: losses }
    const x = linearAxis(steps[0], steps[steps.length - 1])
    return pathOf(curve, x, linearAxis(lowest, highest), WIDTH, HEIGHT - 4)
  }, [sparkline])
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={label} className={classes.line}>
      <path d={path} transform="translate(0 2)" />
    </svg>
  )
}
