import { Group, Modal, NumberInput, Skeleton, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { StepRows } from '../../../src/session/reports.ts'
import { type ErrorData, errorToData } from '../../../src/util/errors.ts'
import { Failure } from '../../components/Failure.tsx'
import { formatInteger } from '../../format/numbers.ts'
import { useRun, useStudio } from '../../stores/context.tsx'
import { RowTexts } from '../data/RowTexts.tsx'

interface StepRowsDialogProps {
  /** Null: closed. */
  step: number | null
  onStep: (step: number) => void
  onClose: () => void
}

/** Which rows of the dataset a step was trained on, token by token; another step by its number. */
export function StepRowsDialog({ step, onStep, onClose }: StepRowsDialogProps) {
  const { t } = useTranslation()
  const totalSteps = useRun((run) => run.totalSteps)
  return (
    <Modal
      opened={step !== null}
      onClose={onClose}
      title={t('stepRows.title')}
      size="min(960px, 94vw)"
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {step !== null && (
        <>
          <NumberInput
            label={t('cards.step')}
            description={t('stepRows.range', { last: formatInteger(totalSteps) })}
            w={180}
            mb="md"
            min={1}
            max={totalSteps}
            clampBehavior="strict"
            allowDecimal={false}
            allowNegative={false}
            value={step}
            onChange={(value) => typeof value === 'number' && value >= 1 && onStep(value)}
          />
          <Rows step={step} />
        </>
      )}
    </Modal>
  )
}

function Rows({ step }: { step: number }) {
  const { t } = useTranslation()
  const { rowsOfStep } = useStudio()
  const [found, setFound] = useState<StepRows | null>(null)
  const [error, setError] = useState<ErrorData | null>(null)
  useEffect(() => {
    let wanted = true
    rowsOfStep(step).then(
      (rows) => {
        if (!wanted) return
        setFound(rows)
        setError(null)
      },
      (reason: unknown) => wanted && setError(errorToData(reason)),
    )
    return () => {
      wanted = false
    }
  }, [step, rowsOfStep])
  if (error) return <Failure title={t('stepRows.failed')} error={error} />
  if (!found) return <Skeleton height={220} aria-label={t('stepRows.reading')} />
  const { epoch, microBatches, rowCount, rows } = found
  return (
    <section
      aria-label={t('stepRows.of', { step: found.step })}
      aria-live="polite"
      aria-busy={found.step !== step}
    >
      <Group gap="xs" mb="sm">
        <Text size="sm" c="var(--nibble-ink-soft)" className="tabular">
          {t('stepRows.summary', {
            rows: t('stepRows.rows', { count: rowCount }),
            batches: t('stepRows.batches', { count: microBatches }),
            epoch: epoch + 1,
          })}
          {rows.length < rowCount && ` ${t('stepRows.cut', { count: rows.length })}`}
        </Text>
      </Group>
      <RowTexts rows={rows} />
    </section>
  )
}
