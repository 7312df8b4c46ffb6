const SHADES = 6
/** The palest shade is too near the surface for a line. */
const FIRST_SHADE = 1

/** The ramp's colour at a share from 0 (pale; in the dark, dim) to 1 (deep; in the dark, bright). */
export function rampColor(share: number): string {
  const place = Math.min(Math.max(share, 0), 1) * (SHADES - 1)
  const lower = Math.floor(place)
  const upper = Math.min(lower + 1, SHADES - 1)
  const percent = Math.round((place - lower) * 100)
  if (percent === 0) return `var(--nibble-ramp-${lower})`
  return `color-mix(in oklab, var(--nibble-ramp-${upper}) ${percent}%, var(--nibble-ramp-${lower}))`
}

/** The ramp from the first to the last of `count` things in order: pale to deep (in the dark, dim to bright). */
export function depthColor(index: number, count: number): string {
  const share = count > 1 ? index / (count - 1) : 0.5
  return rampColor((FIRST_SHADE + share * (SHADES - 1 - FIRST_SHADE)) / (SHADES - 1))
}
