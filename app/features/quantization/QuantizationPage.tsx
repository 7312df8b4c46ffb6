import { Button, Progress, SegmentedControl, Select, Skeleton, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { Failure } from '../../components/Failure.tsx'
import { Page } from '../../components/Page.tsx'
import { Panel } from '../../components/Panel.tsx'
import { formatInteger } from '../../format/numbers.ts'
import { useInspection, useModel, useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import { shortName } from '../train/tensor-names.ts'
import { CodeHistogram } from './CodeHistogram.tsx'
import { ErrorMap } from './ErrorMap.tsx'
import { MatrixTable } from './MatrixTable.tsx'
import { MEASURES, type Measure } from './measures.ts'
import { QuantizationErrorCard } from './QuantizationErrorCard.tsx'
import classes from './QuantizationPage.module.css'

type Source = 'inspection' | 'run'

/** The base in 4 bits: what each matrix lost, and the codes its weights took. */
export function QuantizationPage() {
  const { t } = useTranslation()
  const { inspect, cancelInspection, dismissInspectionFailure } = useStudio()
  const fromRun = useRun((run) => run.tensors)
  const live = useRun((run) => isLive(run.status))
  const inspection = useInspection((state) => state)
  const hasModel = useModel((model) => model.summary !== null)
  const method = useRecipe((recipe) => recipe.config?.method)
  const [asked, setAsked] = useState<Source>('inspection')
  const working = inspection.status === 'working'
  const hasBoth = inspection.tensors.length > 0 && fromRun.length > 0
  const source: Source =
    working || (inspection.tensors.length > 0 && (!hasBoth || asked === 'inspection')) ? 'inspection' : 'run'
  const tensors = source === 'inspection' ? inspection.tensors : fromRun
  const obstacle = !hasModel ? 'noModel' : live ? 'busyRun' : method !== 'qlora' ? 'notQuantized' : undefined
  return (
    <Page
      title={t('quantization.title')}
      lead={t('quantization.lead')}
      actions={
        working ? (
          <Button variant="default" onClick={cancelInspection}>
            {t('quantization.cancel')}
          </Button>
        ) : (
          <Button
            variant={tensors.length > 0 ? 'default' : 'filled'}
            disabled={obstacle !== undefined}
            onClick={inspect}
          >
            {t(inspection.tensors.length > 0 ? 'quantization.measureAgain' : 'quantization.measure')}
          </Button>
        )
      }
    >
      {inspection.error && (
        <Failure
          title={t(inspection.tensors.length > 0 ? 'quantization.failedKept' : 'quantization.failed')}
          error={inspection.error}
          onClose={dismissInspectionFailure}
        />
      )}
      {working && <Measuring progress={inspection.progress} />}
      {tensors.length > 0 ? (
        <Measured
          tensors={tensors}
          source={
            hasBoth && !working ? (
              <SegmentedControl
                size="xs"
                aria-label={t('quantization.source')}
                value={source}
                onChange={(value) => setAsked(value as Source)}
                data={[
                  { value: 'inspection', label: t('quantization.fromInspection') },
                  { value: 'run', label: t('quantization.fromRun') },
                ]}
              />
            ) : (
              <Text size="sm" c="var(--nibble-ink-soft)">
                {t(source === 'run' ? 'quantization.fromRun' : 'quantization.fromInspection')}
              </Text>
            )
          }
        />
      ) : working ? (
        <Pending />
      ) : (
        <Panel title={t('quantization.empty')} id="quantization-empty">
          <Text c="var(--nibble-ink-soft)">{t(`quantization.${obstacle ?? 'emptyHelp'}`)}</Text>
        </Panel>
      )}
    </Page>
  )
}

/** How far the measurement is; before the engine has begun, why. */
function Measuring({ progress }: { progress: { done: number; total: number } | null }) {
  const { t } = useTranslation()
  return (
    <Panel title={t('quantization.measuring')} id="quantization-measuring">
      <Progress
        value={progress && progress.total > 0 ? (100 * progress.done) / progress.total : 0}
        aria-label={t('quantization.measuring')}
        transitionDuration={0}
      />
      <Text size="sm" c="var(--nibble-ink-soft)" mt="sm" className="tabular">
        {progress
          ? t('quantization.progress', {
              done: formatInteger(progress.done),
              total: formatInteger(progress.total),
            })
          : t('quantization.waiting')}
      </Text>
    </Panel>
  )
}

/** The place of what is coming. */
function Pending() {
  return (
    <div className={classes.pictures} aria-hidden>
      <Skeleton height={300} radius="md" />
      <Skeleton height={300} radius="md" />
    </div>
  )
}

function Measured({ tensors, source }: { tensors: readonly TensorQuantization[]; source: ReactNode }) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState<string | null>(null)
  const [measure, setMeasure] = useState<Measure>('rmse')
  const tensor = tensors.find(({ name }) => name === chosen) ?? tensors[0]
  return (
    <>
      <div className={classes.pictures}>
        <CodeHistogram
          tensor={tensor}
          controls={
            <Select
              aria-label={t('quantization.choose')}
              searchable
              allowDeselect={false}
              size="xs"
              data={tensors.map(({ name }) => ({ value: name, label: shortName(name) }))}
              value={tensor.name}
              onChange={setChosen}
              comboboxProps={{ shadow: 'md' }}
            />
          }
        />
        <QuantizationErrorCard
          tensors={tensors}
          empty=""
          measure={measure}
          controls={
            <SegmentedControl
              size="xs"
              aria-label={t('quantization.errorAs')}
              value={measure}
              onChange={(value) => setMeasure(value as Measure)}
              data={MEASURES.map((value) => ({ value, label: t(`quantization.short.${value}`) }))}
            />
          }
          selected={tensor.name}
          onSelect={setChosen}
        />
        <ErrorMap
          className={classes.whole}
          tensors={tensors}
          measure={measure}
          selected={tensor.name}
          onSelect={setChosen}
        />
      </div>
      <Panel title={t('quantization.matrices')} id="quantization-matrices" actions={source}>
        <MatrixTable tensors={tensors} selected={tensor.name} onSelect={setChosen} />
      </Panel>
    </>
  )
}
