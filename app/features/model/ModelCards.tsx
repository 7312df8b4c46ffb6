import { Button, Text } from '@mantine/core'
import { IconAlertTriangle, IconCheck, IconHourglass } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Facts } from '../../components/Facts.tsx'
import { FolderDrop } from '../../components/FolderDrop.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatBytes, formatCount } from '../../format/numbers.ts'
import { useDevice, useModel, useRun, useStudio } from '../../stores/context.tsx'
import { EMBEDDED_FACTS, EMBEDDED_MODEL } from '../../stores/embedded.ts'
import { isLive } from '../../stores/run.ts'
import classes from './ModelCards.module.css'

/** Where a model can come from: a card each. */
export function ModelCards({ onFiles }: { onFiles: (files: File[]) => void }) {
  return (
    <div className={classes.cards}>
      <EmbeddedCard />
      <DropCard onFiles={onFiles} />
    </div>
  )
}

/** The model that ships with the page, with what is known of it before it is opened. */
function EmbeddedCard() {
  const { t } = useTranslation()
  const { openModel } = useStudio()
  const inUse = useModel(({ requested, summary }) => requested.kind === 'embedded' && summary !== null)
  const locked = useRun((run) => isLive(run.status))
  const { parameters, sizeBytes, nf4Bytes, contextLength, largestTensorBytes } = EMBEDDED_FACTS
  return (
    <Panel title={t('model.embedded')} id="model-embedded">
      <Text fw={600}>{EMBEDDED_MODEL}</Text>
      <Text size="sm" mb="md">
        {t('model.embeddedWhat')}
      </Text>
      {!inUse && (
        <>
          <Facts
            facts={[
              { label: t('model.parameters'), value: <Quantity value={parameters} format={formatCount} /> },
              { label: t('model.size'), value: <Quantity value={sizeBytes} format={formatBytes} unit="" /> },
              { label: t('model.nf4'), value: <Quantity value={nf4Bytes} format={formatBytes} unit="" /> },
              { label: t('model.context'), value: t('model.contextValue', { count: contextLength }) },
              { label: t('model.licence'), value: t('model.embeddedLicence') },
            ]}
          />
          <WeightsVerdict largestTensorBytes={largestTensorBytes} />
        </>
      )}
      {inUse ? (
        <Text size="sm" mt="md" fw={600}>
          {t('model.inUse')}
        </Text>
      ) : (
        <Button mt="md" variant="default" disabled={locked} onClick={() => openModel({ kind: 'embedded' })}>
          {t('model.backToEmbedded', { name: EMBEDDED_MODEL })}
        </Button>
      )}
    </Panel>
  )
}

/** Whether this GPU takes a model's weights: a tensor lies in one buffer, which a kernel binds as a whole. */
function WeightsVerdict({ largestTensorBytes }: { largestTensorBytes: number }) {
  const { t } = useTranslation()
  const limits = useDevice(({ report }) => report?.device.limits)
  if (!limits) return <Verdict state="waiting">{t('model.verdict.noDevice')}</Verdict>
  const available = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize)
  const fits = largestTensorBytes <= available
  return (
    <Verdict state={fits ? 'fits' : 'exceeds'}>
      {t(fits ? 'model.verdict.weightsFit' : 'model.verdict.weightsExceed', {
        needed: formatBytes(largestTensorBytes),
        available: formatBytes(available),
      })}
    </Verdict>
  )
}

const VERDICT_ICONS = { fits: IconCheck, exceeds: IconAlertTriangle, waiting: IconHourglass }

/** One line that says whether this GPU will do. */
export function Verdict({ state, children }: { state: keyof typeof VERDICT_ICONS; children: ReactNode }) {
  const Icon = VERDICT_ICONS[state]
  return (
    <p className={classes.verdict} data-state={state}>
      <Icon size={17} aria-hidden className={classes.icon} />
      <span>{children}</span>
    </p>
  )
}

function DropCard({ onFiles }: { onFiles: (files: File[]) => void }) {
  const { t } = useTranslation()
  const locked = useRun((run) => isLive(run.status))
  return (
    <Panel title={t('model.another')} id="model-another">
      <FolderDrop
        title={t('model.drop')}
        activeTitle={t('model.dropActive')}
        help={t('model.dropHelp')}
        folder={t('model.folder')}
        files={t('model.files')}
        disabled={locked}
        onFiles={onFiles}
      />
    </Panel>
  )
}
