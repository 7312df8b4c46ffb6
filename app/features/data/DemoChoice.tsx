import { Radio } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useDataset, useStudio } from '../../stores/context.tsx'
import { DEMOS, type DemoId } from '../../stores/embedded.ts'
import classes from './DemoChoice.module.css'

/** The demonstrations that ship with the page, each with what it teaches. */
export function DemoChoice({ disabled = false }: { disabled?: boolean }) {
  const { t } = useTranslation()
  const { openDataset } = useStudio()
  const requested = useDataset((dataset) => dataset.requested)
  return (
    <Radio.Group
      aria-label={t('data.demos')}
      value={requested.kind === 'demo' ? requested.id : ''}
      onChange={(id) => openDataset({ kind: 'demo', id: id as DemoId })}
    >
      <div className={classes.demos}>
        {DEMOS.map((id) => (
          <Radio.Card key={id} value={id} disabled={disabled} className={classes.demo} aria-describedby={`demo-${id}`}>
            <Radio.Indicator size="xs" className={classes.indicator} />
            <span>
              <span className={classes.name}>{t(`data.demo.${id}.name`)}</span>
              <span className={classes.teaches} id={`demo-${id}`}>
                {t(`data.demo.${id}.teaches`)}
              </span>
            </span>
          </Radio.Card>
        ))}
      </div>
    </Radio.Group>
  )
}
