import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { MemoryBar } from '../../components/MemoryBar.tsx'
import { Panel } from '../../components/Panel.tsx'
import { formatBytes } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import { QuantizationErrorCard } from '../quantization/QuantizationErrorCard.tsx'
import { DeltaRatioCard } from './DeltaRatioCard.tsx'
import { EventLog } from './EventLog.tsx'
import { LossCard } from './LossCard.tsx'
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
      <PageMapCard className={classes.full} />
      <MemoryCard />
    </div>
  )
}

function MemoryCard() {
  const { t } = useTranslation()
  const planned = useRun((run) => run.plannedBytes)
  const plannedTotal = useRun((run) => run.plannedTotalBytes)
  const allocated = useRun((run) => run.allocatedBytes)
  return (
    <Panel
      title={t('cards.memory.title')}
      help={t('cards.memory.help')}
      id="card-memory"
      className={classes.full}
    >
      {planned && plannedTotal !== null ? (
        <>
          <Text size="sm" mb="sm" className="tabular" title={String(allocated ?? plannedTotal)}>
            {allocated === null
              ? t('cards.memory.pending', { planned: formatBytes(plannedTotal) })
              : allocated === plannedTotal
                ? t('cards.memory.equal', { bytes: formatBytes(allocated) })
                : t('cards.memory.differs', {
                    bytes: formatBytes(allocated),
                    planned: formatBytes(plannedTotal),
                  })}
          </Text>
          <MemoryBar bytes={planned} />
        </>
      ) : (
        <Text size="sm" c="var(--nibble-ink-soft)">
          {t('cards.waitingMemory')}
        </Text>
      )}
    </Panel>
  )
}
