import type { PagingStatistics } from '../../../src/session/events.ts'
import classes from './PageMap.module.css'

export type Tier = PagingStatistics['residency'][number]

/** From the nearest to the farthest. */
export const TIERS: readonly Tier[] = ['gpu', 'host', 'store']

const CELL = 14
const GAP = 4
const PITCH = CELL + GAP
/** The map is about this much wider than high. */
const ASPECT = 5
const LARGEST_CELL = 22

interface PageMapProps {
  residency: readonly Tier[]
  /** Pages that have just gone elsewhere. */
  moved: ReadonlySet<number>
  height: number
}

/** A cell a page, in the order of their elements: full on the GPU, half full in memory, empty in the storage. */
export function PageMap({ residency, moved, height }: PageMapProps) {
  const columns = Math.max(1, Math.min(residency.length, Math.ceil(Math.sqrt(residency.length * ASPECT))))
  const rows = Math.ceil(residency.length / columns)
  const cells = residency.map((tier, index) => ({
    index,
    tier,
    x: (index % columns) * PITCH + GAP / 2,
    y: Math.floor(index / columns) * PITCH + GAP / 2,
    filled: FILLED[tier] * CELL,
  }))
  return (
    <svg
      viewBox={`0 0 ${columns * PITCH} ${rows * PITCH}`}
      className={classes.map}
      style={{ maxHeight: height, maxWidth: (columns * PITCH * LARGEST_CELL) / CELL }}
      aria-hidden
    >
      {cells.map(({ index, tier, x, y, filled }) => (
        <g key={index} className={classes[tier]} data-tier={tier} data-moved={moved.has(index) || undefined}>
          <rect
            x={x}
            y={y}
            width={CELL}
            height={CELL}
            rx={2.5}
            fill="var(--nibble-surface)"
            stroke="currentColor"
            strokeWidth={1.5}
          />
          {filled > 0 && (
            <rect x={x} y={y + CELL - filled} width={CELL} height={filled} rx={2.5} fill="currentColor" />
          )}
          {moved.has(index) && (
            <rect
              x={x - 1.6}
              y={y - 1.6}
              width={CELL + 3.2}
              height={CELL + 3.2}
              rx={4}
              className={classes.ring}
              fill="none"
              stroke="var(--nibble-ink)"
              strokeWidth={1.4}
            />
          )}
        </g>
      ))}
    </svg>
  )
}

const FILLED: Record<Tier, number> = { gpu: 1, host: 0.5, store: 0 }
