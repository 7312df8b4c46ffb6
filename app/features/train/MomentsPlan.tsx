import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatBytes, formatInteger } from '../../format/numbers.ts'
import { useRecipe } from '../../stores/context.tsx'

/** What Adam's moments take, and where the plan puts them. */
export function MomentsPlan() {
  const { t } = useTranslation()
  const moments = useRecipe((recipe) => recipe.plan?.moments)
  const planning = useRecipe((recipe) => recipe.planning)
  if (!moments) return null
  const { totalBytes, pages } = moments
  const total = t('recipe.moments.total', { bytes: formatBytes(totalBytes) })
  const where = pages
    ? [
        t('recipe.moments.pages', { count: pages.count, bytes: formatBytes(pages.pageBytes) }),
        t('recipe.moments.gpu', { bytes: formatBytes(pages.gpuBytes) }),
        pages.host > 0 && t('recipe.moments.host', { count: pages.host, number: formatInteger(pages.host) }),
        pages.store > 0 &&
          t('recipe.moments.store', { count: pages.store, number: formatInteger(pages.store) }),
      ]
        .filter(Boolean)
        .join(', ')
    : t('recipe.moments.unpaged')
  return (
    <Text size="sm" mt="sm" aria-live="polite" className="tabular" opacity={planning ? 0.55 : 1}>
      {`${total} ${where}.`}
    </Text>
  )
}
