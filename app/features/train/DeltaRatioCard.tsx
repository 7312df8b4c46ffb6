import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { ChartCard } from '../../charts/ChartCard.tsx'
import { decimate } from '../../charts/decimate.ts'
import { LinePlot, type PlotRow } from '../../charts/LinePlot.tsx'
import { depthColor } from '../../charts/ramp.ts'
import { Quantity } from '../../components/Quantity.tsx'
import { formatNumber } from '../../format/numbers.ts'
import { useRun } from '../../stores/context.tsx'
import type { DeltaRatios } from '../../stores/run.ts'
import classes from './DeltaRatioCard.module.css'
import { finiteOrNull } from './plot-rows.ts'
import { blockOf } from './tensor-names.ts'

/** How far the adapter has moved every block against what quantization did to it, over the steps. */
export function DeltaRatioCard() {
  const { t } = useTranslation()
  const measured = useRun((run) => run.deltaRatios)
  const totalSteps = useRun((run) => run.totalSteps)
  const rows = useMemo(() => measured.map(meanByBlock), [measured])
  const blocks = useMemo(
    () => [...new Set(rows.flatMap((row) => [...row.byBlock.keys()]))].sort((a, b) => a - b),
    [rows],
  )
  const shown = useMemo(() => decimate(rows, (row) => row.byBlock.get(blocks[0])), [rows, blocks])
  const last = rows.at(-1)
  const largest = last && [...last.byBlock].reduce((most, entry) => (entry[1] > most[1] ? entry : most))
  return (
    <ChartCard
      title={t('cards.delta.title')}
      help={t('cards.delta.help')}
      summary={
        largest
          ? t('cards.delta.summary', {
              count: blocks.length,
              max: formatNumber(largest[1]),
              block: largest[0],
            })
          : t('cards.delta.title')
      }
      empty={rows.length === 0 ? t('cards.waitingRatios') : undefined}
      table={{
        rows: shown,
        columns: [
          { name: t('cards.step'), value: (row) => row.step },
          ...blocks.map((block) => ({
            name: t('cards.quantization.block', { block }),
            value: (row: (typeof shown)[number]) => <Quantity value={row.byBlock.get(block)} />,
          })),
        ],
      }}
    >
      {(height) => (
        <>
          <LinePlot
            rows={shown.map((row) => plotRow(row.step, blocks, row.byBlock))}
            series={blocks.map((block, index) => ({
              key: `block ${block}`,
              name: t('cards.quantization.block', { block }),
              color: depthColor(index, blocks.length),
            }))}
            height={height - 22}
            lastStep={totalSteps}
            xName={t('cards.step')}
            legend={false}
          />
          <p className={classes.depth}>
            {t('cards.delta.shallow')}
            <span className={classes.ramp} aria-hidden />
            {t('cards.delta.deep')}
          </p>
        </>
      )}
    </ChartCard>
  )
}

function meanByBlock({ step, ratios }: DeltaRatios): { step: number; byBlock: Map<number, number> } {
  const sums = new Map<number, { sum: number; count: number }>()
  for (const { name, ratio } of ratios) {
    const block = blockOf(name) ?? 0
    const { sum, count } = sums.get(block) ?? { sum: 0, count: 0 }
    sums.set(block, { sum: sum + ratio, count: count + 1 })
  }
  return { step, byBlock: new Map([...sums].map(([block, { sum, count }]) => [block, sum / count])) }
}

function plotRow(step: number, blocks: readonly number[], byBlock: ReadonlyMap<number, number>): PlotRow {
  const row: PlotRow = { step }
  for (const block of blocks) row[`block ${block}`] = finiteOrNull(byBlock.get(block))
  return row
}
