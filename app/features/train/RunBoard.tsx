import { useTranslation } from 'react-i18next'
import { useRun } from '../../stores/context.tsx'
import { QuantizationErrorCard } from '../quantization/QuantizationErrorCard.tsx'
import { DeltaRatioCard } from './DeltaRatioCard.tsx'
import { EventLog } from './EventLog.tsx'
import { LossCard } from './LossCard.tsx'
import { MemoryCard } from './MemoryCard.tsx'
import { MetricCard } from './MetricCard.tsx'
import { PageMapCard } from './PageMapCard.tsx'
import classes from './RunBoard.module.css'
import { SamplesCard } from './SamplesCard.tsx'
import { StepTimeCard } from './StepTimeCard.tsx'

/** The run in pictures: a card for every thing that is measured. */
export function RunBoard() {
  const { t } = useTranslation()
  const tensors = useRun((run) => run.tensors)
  return (
    <div className={classes.board}>
      <LossCard className={classes.wide} />
      <SamplesCard className={classes.full} />
      <MetricCard metric="optimizer/lr" title={t('cards.lr.title')} help={t('cards.lr.help')} />
      <MetricCard metric="optimizer/grad_norm" title={t('cards.norm.title')} help={t('cards.norm.help')} />
      <MetricCard
        metric="speed/tokens_per_second"
        title={t('cards.speed.title')}
        help={t('cards.speed.help')}
      />
      <StepTimeCard />
      <QuantizationErrorCard tensors={tensors} empty={t('cards.waitingTensors')} />
      <DeltaRatioCard />
      <EventLog />
      <MemoryCard className={classes.broad} />
      <PageMapCard className={classes.full} />
    </div>
  )
}
