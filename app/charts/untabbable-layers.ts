import { type RefObject, useEffect, useRef } from 'react'

/**
 * Keeps the Tab key from stopping at the layers of a chart. React listens for focus at the container of every portal,
 * Recharts draws its layers through portals into bare groups, and Chrome lets Tab stop at SVG that listens for focus.
 */
export function useUntabbableLayers(): RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const { current } = frame
    if (!current) return
    const untab = () => {
      for (const layer of current.querySelectorAll('g[class^="recharts-zIndex-layer"]:not([tabindex])'))
        layer.setAttribute('tabindex', '-1')
    }
    untab()
    const observer = new MutationObserver(untab)
    observer.observe(current, { childList: true, subtree: true })
    return () => observer.disconnect()
  }, [])
  return frame
}
