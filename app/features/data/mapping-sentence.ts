import type { TFunction } from 'i18next'
import type { DatasetSummary } from '../../../src/session/reports.ts'

/** How a row is read, as a sentence: The prompt is instruction + input, the answer is output. */
export function mappingSentence(mapping: DatasetSummary['mapping'], t: TFunction): string {
  const clauses = mapping.map(({ role, columns }) =>
    t(`data.mapping.${role}`, {
      columns: columns.map((column) => `“${column}”`).join(t('data.joinColumns')),
    }),
  )
  return clauses.length > 0 ? `${clauses.join(t('data.joinClauses'))}.` : ''
}
