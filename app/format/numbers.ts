/**
 * How numbers are written for people: a unit, at most three significant digits, and never a hidden NaN. The exact value
 * belongs in a title beside it (components/Quantity).
 */

const SIGNIFICANT_DIGITS = 3
const MISSING = '–'

/** Not-a-number and the infinities keep their names: a run that went wrong must look like it. */
function nonFinite(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '∞' : '−∞'
}

const withMinus = (text: string): string => text.replace('-', '−')

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 20 })

/** Three significant digits; exponents only where zeros would have to be counted. */
export function formatNumber(value: number | null | undefined, digits = SIGNIFICANT_DIGITS): string {
  if (value === null || value === undefined) return MISSING
  if (!Number.isFinite(value)) return nonFinite(value)
  if (value === 0) return '0'
  const magnitude = Math.abs(value)
  if (magnitude < 1e-3 || magnitude >= 1e15) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split('e')
    return withMinus(`${mantissa.replace(/\.?0+$/, '')}e${Number(exponent)}`)
  }
  const rounded = Number(value.toPrecision(digits))
  return withMinus(grouped.format(rounded))
}

/** Fixed digits, for columns and axes in which values must line up. */
export function formatFixed(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined) return MISSING
  if (!Number.isFinite(value)) return nonFinite(value)
  return withMinus(value.toFixed(decimals))
}

/** A whole number, every digit of it, with separators. */
export function formatInteger(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING
  if (!Number.isFinite(value)) return nonFinite(value)
  return withMinus(grouped.format(Math.round(value)))
}

/** 3,148,224 → 3.15 M; small counts stay whole. */
export function formatCount(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING
  if (!Number.isFinite(value)) return nonFinite(value)
  return scaled(value, 1000, ['', ' k', ' M', ' B', ' T'], 10_000)
}

/** Powers of 1024 under their usual short names, as GPU limits are given. */
export function formatBytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING
  if (!Number.isFinite(value)) return nonFinite(value)
  return scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB'], 1024)
}

/** Divides by `base` while the value is at least `threshold` (for the first step) and names the power. */
function scaled(value: number, base: number, units: readonly string[], threshold: number): string {
  let magnitude = Math.abs(value)
  let power = 0
  while (power < units.length - 1 && (power === 0 ? magnitude >= threshold : rounded(magnitude) >= base)) {
    magnitude /= base
    power++
  }
  const digits = power === 0 ? grouped.format(magnitude) : grouped.format(rounded(magnitude))
  return `${value < 0 ? '−' : ''}${digits}${units[power]}`
}

/** Three significant digits below 1000, whole above (1,023 KiB keeps its four: rounding to 1,020 would mislead). */
function rounded(magnitude: number): number {
  return magnitude >= 1000 ? Math.round(magnitude) : Number(magnitude.toPrecision(SIGNIFICANT_DIGITS))
}

/** 0.0123 → 1.23 %. */
export function formatPercent(share: number | null | undefined): string {
  if (share === null || share === undefined) return MISSING
  return `${formatNumber(share * 100)} %`
}

/** Two largest units: 1 h 12 min, 3 min 5 s, 12 s, 850 ms. */
export function formatDuration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return MISSING
  if (!Number.isFinite(milliseconds)) return nonFinite(milliseconds)
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = Math.round(milliseconds / 1000)
  if (milliseconds < 10_000) return `${formatNumber(milliseconds / 1000, 2)} s`
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
}

/** A rough length of time for a promise: 2 min, 40 s, 1 h 10 min. Never more exact than it is. */
export function formatEstimate(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return MISSING
  if (!Number.isFinite(seconds)) return nonFinite(seconds)
  if (seconds < 10) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 55) return `${Math.round(seconds / 5) * 5} s`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`
  return formatDuration(Math.round(seconds / 300) * 300_000)
}

/** The value as it is, for titles: nothing rounded away. */
export function formatExact(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING
  if (!Number.isFinite(value)) return nonFinite(value)
  return withMinus(
    Math.abs(value) >= 1e15 || (value !== 0 && Math.abs(value) < 1e-6)
      ? String(value)
      : grouped.format(value),
  )
}
