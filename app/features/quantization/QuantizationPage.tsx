import { Button, Select, Skeleton, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { TensorQuantization } from '../../../src/session/events.ts'
import { Failure } from '../../components/Failure.tsx'
import { Page } from '../../components/Page.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatFixed } from '../../format/numbers.ts'
import { useInspection, useModel, useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import { shortName } from '../train/tensor-names.ts'
import { CodeHistogram } from './CodeHistogram.tsx'
import { QuantizationErrorCard } from './QuantizationErrorCard.tsx'
import classes from './QuantizationPage.module.css'

/** The base in 4 bits: what each matrix lost, and the codes its weights took. */
export function QuantizationPage() {
  const { t } = useTranslation()
  const { inspect } = useStudio()
  const fromRun = useRun((run) => run.tensors)
  const live = useRun((run) => isLive(run.status))
  const inspection = useInspection((state) => state)
  const hasModel = useModel((model) => model.summary !== null)
  const hasConfig = useRecipe((recipe) => recipe.config !== null)
  const tensors = inspection.tensors.length > 0 ? inspection.tensors : fromRun
  const working = inspection.status === 'working'
  return (
    <Page
      title={t('quantization.title')}
      lead={t('quantization.lead')}
      actions={
        <Button
          variant={tensors.length > 0 ? 'default' : 'filled'}
          disabled={!hasModel || !hasConfig || live}
          loading={working}
          onClick={inspect}
        >
          {t(tensors.length > 0 ? 'quantization.measureAgain' : 'quantization.measure')}
        </Button>
      }
    >
      {inspection.error && <Failure title={t('quantization.failed')} error={inspection.error} />}
      {tensors.length > 0 ? (
        <Measured
          tensors={tensors}
          source={t(tensors === fromRun ? 'quantization.fromRun' : 'quantization.fromInspection')}
        />
      ) : (
        <Panel
          title={working ? t('quantization.measuring') : t('quantization.empty')}
          id="quantization-empty"
        >
          {working ? (
            <Skeleton height={220} radius="md" />
          ) : (
            <Text c="var(--nibble-ink-soft)">
              {t(hasModel ? 'quantization.emptyHelp' : 'quantization.noModel')}
            </Text>
          )}
        </Panel>
      )}
    </Page>
  )
}

function Measured({ tensors, source }: { tensors: readonly TensorQuantization[]; source: string }) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState<string | null>(null)
  const tensor = tensors.find(({ name }) => name === chosen) ?? tensors[0]
  return (
    <>
      <div className={classes.pictures}>
        <div className={classes.histogram}>
          <Select
            label={t('quantization.choose')}
            searchable
            allowDeselect={false}
            data={tensors.map(({ name }) => ({ value: name, label: shortName(name) }))}
            value={tensor.name}
            onChange={setChosen}
            comboboxProps={{ shadow: 'md' }}
          />
          <CodeHistogram tensor={tensor} />
        </div>
        <QuantizationErrorCard tensors={tensors} empty="" selected={tensor.name} onSelect={setChosen} />
      </div>
      <Panel
        title={t('quantization.matrices')}
        id="quantization-matrices"
        actions={
          <Text size="sm" c="var(--nibble-ink-soft)">
            {source}
          </Text>
        }
      >
        <Table.ScrollContainer minWidth={720}>
          <Table highlightOnHover verticalSpacing={4} fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('quantization.columns.name')}</Table.Th>
                {(['shape', 'rmse', 'mae', 'max', 'snr', 'bits'] as const).map((column) => (
                  <Table.Th key={column} ta="right">
                    {t(`quantization.columns.${column}`)}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {tensors.map((row) => (
                <Table.Tr
                  key={row.name}
                  data-selected={row.name === tensor.name || undefined}
                  className={classes.row}
                >
                  <Table.Td>
                    <button
                      type="button"
                      className={classes.name}
                      aria-pressed={row.name === tensor.name}
                      aria-label={t('quantization.show', { name: shortName(row.name) })}
                      title={row.name}
                      onClick={() => setChosen(row.name)}
                    >
                      {shortName(row.name)}
                    </button>
                  </Table.Td>
                  <Table.Td ta="right">{row.shape.join(' × ')}</Table.Td>
                  <Table.Td ta="right">
                    <Quantity value={row.rmse} />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Quantity value={row.mae} />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Quantity value={row.maxError} />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Quantity value={row.snrDb} unit="dB" />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Quantity value={row.bitsPerParam} format={(value) => formatFixed(value, 3)} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Panel>
    </>
  )
}
