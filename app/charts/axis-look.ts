const TICK = { fill: 'var(--nibble-ink-soft)', fontSize: 11 }

/** How the axes of every curve and stack look: x in the rows' `x`, ticks where axis.ts puts them. */
export const X_AXIS = {
  dataKey: 'x',
  type: 'number',
  interval: 'preserveStart',
  minTickGap: 16,
  allowDataOverflow: true,
  tick: TICK,
  tickLine: false,
  stroke: 'var(--nibble-line-strong)',
} as const

export const Y_AXIS = { allowDataOverflow: true, tick: TICK, tickLine: false, axisLine: false } as const
