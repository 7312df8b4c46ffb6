import { Anchor, Button, Skeleton, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconCpu, IconFileText, IconStack3, IconToolsKitchen2 } from '@tabler/icons-react'
import { type ComponentType, Fragment, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { Failure } from '../../components/Failure.tsx'
import { Page } from '../../components/Page.tsx'
import { Panel } from '../../components/Panel.tsx'
import { formatBytes, formatCount } from '../../format/numbers.ts'
import { useDataset, useDevice, useModel, useRecipe, useRun, useVerification } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import { DemoChoice } from '../data/DemoChoice.tsx'
import { useDeviceName } from '../device/device-name.ts'
import { VerificationNotice } from '../device/VerificationNotice.tsx'
import { SavedRuns } from '../train/SavedRuns.tsx'
import { StartPanel } from '../train/StartPanel.tsx'
import classes from './HomePage.module.css'

/** As in HomePage.module.css. */
const ONE_COLUMN = '(max-width: 1020px)'

/** The first visit: everything chosen, one button. */
export function HomePage() {
  const { t } = useTranslation()
  const sentences = t('home.sentences', { returnObjects: true }) as readonly string[]
  const modelFailure = useModel((model) => model.failure)
  const dataFailure = useDataset((dataset) => dataset.failure)
  // The one button is in sight at once on a phone as well, and first for the keyboard where it is first for the eye.
  const oneColumn = useMediaQuery(ONE_COLUMN, undefined, { getInitialValueInEffect: false })
  return (
    <Page title={t('home.title')}>
      <Text className={classes.lead} size="sm">
        {sentences.join(' ')}
      </Text>
      {modelFailure && (
        <Failure title={t('model.failed', { name: modelFailure.name })} error={modelFailure.error} />
      )}
      {dataFailure && (
        <Failure
          title={t('data.failed', { name: dataFailure.name })}
          error={dataFailure.error}
          actions={dataFailure.columns.length > 0 && <ToColumns />}
        />
      )}
      <SavedRuns />
      <VerificationNotice />
      <div className={classes.columns}>
        {oneColumn && <StartPanel />}
        <div className={classes.parts}>
          <DevicePart />
          <ModelPart />
          <DataPart />
          <RecipePart />
        </div>
        {!oneColumn && <StartPanel />}
      </div>
    </Page>
  )
}

function ToColumns() {
  const { t } = useTranslation()
  return (
    <Button component={Link} href="/data" size="compact-sm">
      {t('data.columns.toChooser')}
    </Button>
  )
}

interface PartProps {
  icon: ComponentType<{ size?: number; stroke?: number }>
  name: string
  to: string
  /** The choice; a skeleton while it is not known. */
  title: ReactNode
  facts: readonly (string | false | null | undefined)[]
  children?: ReactNode
}

function Part({ icon: Icon, name, to, title, facts, children }: PartProps) {
  const { t } = useTranslation()
  const id = `part-${to.slice(1)}`
  return (
    <Panel className={classes.part}>
      <div className={classes.head}>
        <span className={classes.icon} aria-hidden>
          <Icon size={20} stroke={1.6} />
        </span>
        <div className={classes.what}>
          <Text size="xs" c="var(--nibble-ink-soft)" id={id}>
            {name}
          </Text>
          {title ? (
            <Text fw={600} className={classes.title}>
              {title}
            </Text>
          ) : (
            <Skeleton height={18} width={180} my={3} />
          )}
        </div>
        <Anchor component={Link} href={to} size="sm" aria-label={`${name}: ${t('home.change')}`}>
          {to === '/device' ? t('app.details') : t('home.change')}
        </Anchor>
        <FactLine facts={facts} />
      </div>
      {children}
    </Panel>
  )
}

/** Facts in a row; lines break between them, never within one. */
function FactLine({ facts }: { facts: PartProps['facts'] }) {
  const known = facts.filter((fact): fact is string => Boolean(fact))
  return (
    <Text size="sm" c="var(--nibble-ink-soft)" className={`${classes.facts} tabular`}>
      {known.map((fact, index) => (
        <Fragment key={fact}>
          <span>{index < known.length - 1 ? `${fact} ·` : fact}</span>{' '}
        </Fragment>
      ))}
    </Text>
  )
}

function DevicePart() {
  const { t } = useTranslation()
  const report = useDevice((device) => device.report)
  const name = useDeviceName()
  const limits = report?.device.limits
  const has = (feature: string) => report?.device.features.includes(feature)
  const verified = useVerification(({ status }) => status)
  return (
    <Part
      icon={IconCpu}
      name={t('device.title')}
      to="/device"
      title={name}
      facts={[
        report?.device.software && t('device.software'),
        has('shader-f16') && t('device.f16'),
        has('subgroups') && t('device.subgroups'),
        report && t(`device.verification.short.${verified}`),
        limits && `${t('device.largestBuffer').toLowerCase()} ${formatBytes(limits.maxBufferSize)}`,
      ]}
    />
  )
}

function ModelPart() {
  const { t } = useTranslation()
  const { summary, status } = useModel((model) => model)
  return (
    <Part
      icon={IconStack3}
      name={t('nav.model')}
      to="/model"
      title={summary?.name ?? (status === 'empty' && t('model.none'))}
      facts={
        summary
          ? [
              t('home.parameters', { amount: formatCount(summary.parameters) }),
              t('home.layers', { count: summary.layers }),
              t('home.toNf4', {
                before: formatBytes(summary.sizeBytes),
                after: formatBytes(summary.nf4Bytes),
              }),
            ]
          : []
      }
    />
  )
}

function DataPart() {
  const { t } = useTranslation()
  const { summary, requested } = useDataset((dataset) => dataset)
  const locked = useRun((run) => isLive(run.status))
  return (
    <Part
      icon={IconFileText}
      name={t('nav.data')}
      to="/data"
      title={requested.kind === 'demo' ? t(`data.demo.${requested.id}.name`) : requested.file.name}
      facts={
        summary
          ? [
              t('home.rows', { count: summary.rows }),
              t('home.trainedTokens', { amount: formatCount(summary.supervisedTokens) }),
            ]
          : []
      }
    >
      <div className={classes.demos}>
        <DemoChoice compact disabled={locked} />
      </div>
    </Part>
  )
}

function RecipePart() {
  const { t } = useTranslation()
  const { config, plan, presetId, fileName, measuring, measureError, quickTry } = useRecipe(
    (recipe) => recipe,
  )
  const steps = plan?.totalSteps
  return (
    <Part
      icon={IconToolsKitchen2}
      name={t('home.recipe')}
      to="/train"
      title={presetId === 'file' ? fileName : t(`home.presets.${presetId}`)}
      facts={
        config
          ? [
              steps !== null && steps !== undefined && t('home.steps', { count: steps }),
              t('home.perStep', { count: config.train.batchSize * config.train.gradAccumSteps }),
              t('home.length', { count: config.data.maxSeqLength }),
              t('home.rank', { rank: config.lora.rank }),
              measuring ? t('home.recipeMeasuring') : !measureError && quickTry && t('home.recipeQuick'),
            ]
          : []
      }
    >
      {measureError && !measuring && (
        <Text size="sm" c="var(--nibble-ink-soft)" mt={6} className={classes.note}>
          {t('home.recipeUnmeasured')}
        </Text>
      )}
    </Part>
  )
}
