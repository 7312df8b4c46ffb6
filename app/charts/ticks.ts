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
