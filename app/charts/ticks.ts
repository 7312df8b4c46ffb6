/** Four or five round values from 0 up to the highest. */
export function niceTicks(highest: number): number[] {
  if (!(highest > 0) || !Number.isFinite(highest)) return [0]
  const rough = highest / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step =
    [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999) ??
    rough
  return Array.from({ length: Math.floor(highest / step + 1e-9) + 1 }, (_, index) => index * step)
}

/** Round values on a logarithmic axis: powers of ten, with 2 and 5 between them (or every digit) where there is room. */
export function logTicks(lowest: number, highest: number): number[] {
  if (!(lowest > 0) || !(highest > lowest)) return []
  const decades = Math.log10(highest / lowest)
  const factors = decades > 2.5 ? [1] : decades > 0.7 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]
  const every = Math.max(1, Math.round(decades / 6))
  const ticks: number[] = []
  for (let power = Math.floor(Math.log10(lowest)); 10 ** power <= highest; power++) {
    if (power % every !== 0) continue
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(3))
      if (tick >= lowest * 0.999 && tick <= highest * 1.001) ticks.push(tick)
    }
  }
  return ticks
}
