import { useTranslation } from 'react-i18next'
import type { PreviewToken } from '../../../src/session/reports.ts'
import { Panel } from '../../components/Panel.tsx'
import { RowTexts } from './RowTexts.tsx'

interface RowPreviewProps {
  preview: readonly { row: number; tokens: readonly PreviewToken[] }[]
}

/** The first rows as they will be trained. */
export function RowPreview({ preview }: RowPreviewProps) {
  const { t } = useTranslation()
  return (
    <Panel title={t('data.preview')} help={t('data.previewLead')} id="data-preview">
      <RowTexts rows={preview} />
    </Panel>
  )
}
