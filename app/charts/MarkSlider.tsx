import type { KeyboardEvent, PointerEvent } from 'react'
import { useState } from 'react'
import classes from './MarkSlider.module.css'

/** A line of a picture that can be moved. */
export interface MovableMark {
  name: string
  /** What the value means, in words. */
  valueText: string
  min: number
  max: number
  /** Where End goes; from beyond it every move to the left does. */
  end: number
  disabled?: boolean
  /** While it moves. */
  onMove: (value: number) => void
  /** Where it was let go. */
  onRelease: (value: number) => void
}

interface MarkSliderProps {
  mark: MovableMark
  value: number
  /** Place of a value and value at a place, in pixels from the left edge of the picture. */
  toPixels: (value: number) => number
  toValue: (pixels: number) => number
  top: number
  height: number
}

/** The handle of a line: dragged by a pointer, or moved by arrow keys. Values are whole numbers. */
export function MarkSlider({ mark, value, toPixels, toValue, top, height }: MarkSliderProps) {
  const { min, max, end, disabled = false, onMove, onRelease } = mark
  const [dragging, setDragging] = useState(false)
  const within = (next: number) => Math.min(Math.max(Math.round(next), min), max)
  const valueAt = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect()
    return within(toValue(event.clientX - (box?.left ?? 0)))
  }
  const page = Math.max(1, Math.round(end / 10))
  const steps: Record<string, number> = {
    ArrowLeft: value > end ? end : value - 1,
    ArrowDown: value > end ? end : value - 1,
    ArrowRight: value + 1,
    ArrowUp: value + 1,
    PageDown: value > end ? end : value - page,
    PageUp: value + page,
    Home: min,
    End: end,
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = steps[event.key]
    if (disabled || next === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    // Growing past the longest row changes nothing that the picture shows: it stops there.
    onMove(value > max && next > value ? value : within(next))
  }
  const release = () => {
    setDragging(false)
    onRelease(value)
  }
  return (
    <div
      role="slider"
      tabIndex={disabled ? -1 : 0}
      aria-label={mark.name}
      aria-valuemin={min}
      aria-valuemax={Math.max(max, value)}
      aria-valuenow={value}
      aria-valuetext={mark.valueText}
      aria-disabled={disabled || undefined}
      className={classes.handle}
      data-dragging={dragging || undefined}
      style={{ left: toPixels(value), top, height }}
      onPointerDown={(event) => {
        if (disabled || event.button !== 0) return
        event.currentTarget.setPointerCapture(event.pointerId)
        setDragging(true)
      }}
      onPointerMove={(event) => dragging && onMove(valueAt(event))}
      onPointerUp={() => dragging && release()}
      onPointerCancel={() => dragging && release()}
      onKeyDown={onKeyDown}
      onKeyUp={(event) => event.key in steps && release()}
      onBlur={release}
    />
  )
}
