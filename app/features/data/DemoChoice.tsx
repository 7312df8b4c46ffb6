import { Radio } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useDataset, useStudio } from '../../stores/context.tsx'
import { DEMOS, type DemoId } from '../../stores/embedded.ts'
import classes from './DemoChoice.module.css'

/** The demonstrations that ship with the page, each with what it teaches. */
export function DemoChoice({ disabled = false, compact = false }: { disabled?: boolean; compact?: boolean }) {
  const { t } = useTranslation()
  const { openDataset } = useStudio()
  const requested = useDataset((dataset) => dataset.requested)
  return (
    <Radio.Group
      aria-label={t('data.demos')}
      value={requested.kind === 'demo' ? requested.id : ''}
      onChange={(id) => openDataset({ kind: 'demo', id: id as DemoId })}
    >
      <div className={classes.demos} data-compact={compact || undefined}>
        {DEMOS.map((id) => (
          <Radio.Card
            key={id}
            value={id}
            disabled={disabled}
            className={classes.demo}
            aria-describedby={compact ? 'demo-chosen' : `demo-${id}`}
          >
            <Radio.Indicator size="xs" className={classes.indicator} />
            <span>
              <span className={classes.name}>{t(`data.demo.${id}.name`)}</span>
              {!compact && (
                <span className={classes.teaches} id={`demo-${id}`}>
                  {t(`data.demo.${id}.teaches`)}
                </span>
              )}
            </span>
          </Radio.Card>
        ))}
      </div>
      {compact && (
        <span className={classes.teaches} id="demo-chosen">
          {requested.kind === 'demo' && t(`data.demo.${requested.id}.teaches`)}
        </span>
      )}
    </Radio.Group>
  )
}
