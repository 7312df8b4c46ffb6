import { VisuallyHidden } from '@mantine/core'
import { useEffect, useState } from 'react'

/** Said to screen readers at most this often while things move. */
const INTERVAL_MS = 5000

/** A polite live region. `urgent` sentences are said at once, others no more often than they can be listened to. */
export function Announcer({ sentence, urgent }: { sentence: string; urgent: boolean }) {
  const [said, setSaid] = useState('')
  const [lastAt, setLastAt] = useState(0)
  useEffect(() => {
    if (sentence === said) return
    const wait = urgent ? 0 : Math.max(0, INTERVAL_MS - (Date.now() - lastAt))
    const timer = setTimeout(() => {
      setSaid(sentence)
      setLastAt(Date.now())
    }, wait)
    return () => clearTimeout(timer)
  }, [sentence, said, urgent, lastAt])
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {said}
    </VisuallyHidden>
  )
}
