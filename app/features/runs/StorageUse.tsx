import { Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../../format/numbers.ts'
import { useHistory } from '../../stores/context.tsx'

/** What the runs take of this computer, and what the browser allows the page. */
export function StorageUse() {
  const { t } = useTranslation()
  const count = useHistory(({ records }) => records.length)
  const bytes = useHistory(({ records }) => records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  const isPermanent = useHistory((history) => history.isPermanent)
  const [estimate, setEstimate] = useState<StorageEstimate | null>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when what is kept has changed
  useEffect(() => {
    navigator.storage.estimate().then(setEstimate, () => setEstimate(null))
  }, [bytes])
  const parts: string[] = [t('runs.storage.taken', { count, bytes: formatBytes(bytes) })]
  if (estimate?.quota) {
    const { usage = 0, quota } = estimate
    parts.push(t('runs.storage.browser', { used: formatBytes(usage), quota: formatBytes(quota) }))
  }
  if (isPermanent !== null) parts.push(t(isPermanent ? 'runs.storage.permanent' : 'runs.storage.evictable'))
  return (
    <Text size="sm" c="var(--nibble-ink-soft)" className="tabular">
      {parts.join(' · ')}
    </Text>
  )
}
