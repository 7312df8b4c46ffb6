import { formatExact, formatNumber } from '../format/numbers.ts'

interface QuantityProps {
  value: number | null | undefined
  /** How it is written; three significant digits unless told. */
  format?: (value: number | null | undefined) => string
  unit?: string
}

/** A number in digits of equal width, its exact value on hover. */
export function Quantity({ value, format = formatNumber, unit }: QuantityProps) {
  const after = unit ? ` ${unit}` : ''
  return (
    <span className="tabular" title={`${formatExact(value)}${after}`}>
      {format(value)}
      {after}
    </span>
  )
}
