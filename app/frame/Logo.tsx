/** Two nibbles of a byte: the icon of the page (public/icon.svg). */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
      <rect width="32" height="32" rx="7" fill="#1b1f3a" />
      <g fill="#7c8cff">
        <rect x="6" y="6" width="9" height="9" rx="2" />
        <rect x="17" y="17" width="9" height="9" rx="2" />
      </g>
      <g fill="#3b4270">
        <rect x="17" y="6" width="9" height="9" rx="2" />
        <rect x="6" y="17" width="9" height="9" rx="2" />
      </g>
    </svg>
  )
}
