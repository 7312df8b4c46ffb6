import type { BytesByCategory } from '../graph/tensor.ts'
import type { DatasetSummary, ModelSummary } from '../session/reports.ts'

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** 1536 → "1.5 KiB". */
export function bytes(count: number): string {
  const power = Math.min(Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)), BYTE_UNITS.length - 1)
  const value = count / 1024 ** power
  return `${power === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${BYTE_UNITS[power]}`
}

const COUNT_UNITS: readonly [number, string][] = [
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'k'],
]

/** 3100000 → "3.10M". */
export function count(value: number): string {
  const unit = COUNT_UNITS.find(([size]) => value >= size)
  return unit ? `${(value / unit[0]).toFixed(2)}${unit[1]}` : String(value)
}

/** 3725 → "1h02m"; 65 → "1m05s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const padded = (value: number) => String(value).padStart(2, '0')
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${padded(whole % 60)}s`
  return `${Math.floor(whole / 3600)}h${padded(Math.floor((whole % 3600) / 60))}m`
}

export function describeModel(model: ModelSummary): string {
  const { name, architecture, parameters, layers, hiddenSize, vocabSize, dtype, sizeBytes } = model
  return `${name}: ${architecture}, ${count(parameters)} parameters (${layers} layers, width ${hiddenSize}, vocabulary ${vocabSize}), ${dtype}, ${bytes(sizeBytes)}`
}

export function describeData(data: DatasetSummary): string {
  const { name, rows, format, supervisedTokens, totalTokens, truncatedRows, evalRows } = data
  const cut = truncatedRows > 0 ? `, ${truncatedRows} rows cut` : ''
  const heldOut = evalRows > 0 ? `, ${evalRows} rows held out` : ''
  return `${name}: ${rows} rows (${format}), ${supervisedTokens} supervised of ${totalTokens} tokens${cut}${heldOut}`
}

/** "base4bit 1.5 MiB, adapters 200 KiB", largest first, empty ones left out. */
export function describeBytes(byCategory: BytesByCategory): string {
  return Object.entries(byCategory)
    .filter(([, size]) => size > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([category, size]) => `${category} ${bytes(size)}`)
    .join(', ')
}

/** A number short enough to read: four significant digits. */
export function short(value: number | null): string {
  if (value === null) return '–'
  if (!Number.isFinite(value)) return String(value)
  const magnitude = Math.abs(value)
  return magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e5)
    ? value.toExponential(2)
    : value.toPrecision(4)
}
