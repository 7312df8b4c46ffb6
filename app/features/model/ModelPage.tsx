import { Alert, Badge, Box, Progress, Skeleton, Text } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ModelSummary } from '../../../src/session/reports.ts'
import { type ErrorData, errorToData, inputError } from '../../../src/util/errors.ts'
import { Facts } from '../../components/Facts.tsx'
import { Failure } from '../../components/Failure.tsx'
import { Page } from '../../components/Page.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatBytes, formatCount, formatInteger, formatPercent } from '../../format/numbers.ts'
import { asSentence } from '../../format/sentences.ts'
import { useModel, useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { EMBEDDED_MODEL } from '../../stores/embedded.ts'
import { isLive } from '../../stores/run.ts'
import { licenceIn } from './licence.ts'
import { ModelCards, Verdict } from './ModelCards.tsx'
import { modelAmong } from './model-files.ts'

export function ModelPage() {
  const { t } = useTranslation()
  const studio = useStudio()
  const { status, requested, summary, progress, failure } = useModel((model) => model)
  const locked = useRun((run) => isLive(run.status))
  const [nothingFound, setNothingFound] = useState<ErrorData | null>(null)
  const opening = status === 'opening'
  const embedded = requested.kind === 'embedded'

  const take = async (files: File[]) => {
    const found = modelAmong(files)
    if (!found) {
      const problem = { message: t('model.noFiles'), fix: t('model.noFilesFix') }
      setNothingFound(errorToData(inputError('model', [problem])))
      return
    }
    setNothingFound(null)
    const { card, ...model } = found
    const licence = card ? await card.text().then(licenceIn, () => null) : null
    studio.openModel({ kind: 'files', ...model, licence })
  }

  return (
    <Page title={t('model.title')} lead={t('model.lead')}>
      {locked && <Locked />}
      {failure && (
        <Failure
          title={t(summary ? 'model.failedKept' : 'model.failed', { name: failure.name })}
          error={failure.error}
          onClose={studio.dismissModelFailure}
        />
      )}
      {nothingFound && (
        <Failure title={t('model.noFiles')} error={nothingFound} onClose={() => setNothingFound(null)} />
      )}
      <Panel
        id="model-open"
        title={
          opening
            ? t('model.opening', { name: embedded ? EMBEDDED_MODEL : requested.name })
            : (summary?.name ?? t('model.none'))
        }
        actions={
          <Badge variant="default" tt="none" fw={500}>
            {t(embedded ? 'model.embedded' : 'model.fromFiles')}
          </Badge>
        }
      >
        {opening ? (
          <Opening done={progress?.done ?? 0} total={progress?.total ?? 0} />
        ) : summary ? (
          <ModelFacts summary={summary} />
        ) : (
          <Text c="var(--nibble-ink-soft)">{t('model.noneHelp')}</Text>
        )}
      </Panel>
      <ModelCards onFiles={(files) => void take(files)} />
    </Page>
  )
}

const TEMPLATE_WORDS = {
  model: 'model.templateModel',
  'studio default': 'model.templateStudio',
  unusable: 'model.templateUnusable',
} as const

function ModelFacts({ summary }: { summary: ModelSummary }) {
  const { t } = useTranslation()
  const opened = useModel((model) => model.opened)
  const { tokenizer, ignoredTensors } = summary
  const share = formatPercent(summary.quantizableParameters / summary.parameters)
  const details: { label: string; value: ReactNode }[] = [
    { label: t('model.architecture'), value: summary.architecture },
    { label: t('model.layers'), value: formatInteger(summary.layers) },
    { label: t('model.hidden'), value: formatInteger(summary.hiddenSize) },
    { label: t('model.intermediate'), value: formatInteger(summary.intermediateSize) },
    {
      label: t('model.heads'),
      value: t('model.headsValue', { heads: summary.heads, size: summary.headDim, kv: summary.kvHeads }),
    },
    { label: t('model.vocabulary'), value: formatInteger(summary.vocabSize) },
    { label: t('model.context'), value: t('model.contextValue', { count: summary.contextLength }) },
    {
      label: t('model.licence'),
      value:
        opened?.kind === 'embedded'
          ? t('model.embeddedLicence')
          : (opened?.licence ?? t('model.licenceUnknown')),
    },
    { label: t('model.tied'), value: t(summary.tied ? 'model.tiedYes' : 'model.tiedNo') },
    {
      label: t('model.tokenizer'),
      value: tokenizer
        ? t('model.tokenizerValue', { amount: formatInteger(tokenizer.vocabSize) })
        : t('model.tokenizerNone'),
    },
  ]
  if (tokenizer) {
    details.push({
      label: t('model.template'),
      value: t(TEMPLATE_WORDS[tokenizer.chatTemplate]),
    })
  }
  return (
    <>
      <Facts
        large
        facts={[
          {
            label: t('model.parameters'),
            value: <Quantity value={summary.parameters} format={formatCount} />,
          },
          {
            label: t('model.size'),
            value: <Quantity value={summary.sizeBytes} format={formatBytes} unit="" />,
            note: `${t('model.dtype')} ${summary.dtype}`,
          },
          {
            label: t('model.nf4'),
            value: <Quantity value={summary.nf4Bytes} format={formatBytes} unit="" />,
            note: t('model.nf4Help', { share, dtype: summary.dtype }),
          },
        ]}
      />
      <PlanVerdict />
      <hr className="rule" />
      <Facts facts={details} />
      {tokenizer?.templateFault && (
        <Box mt="md">
          <Failure title={t('model.templateFault')} error={tokenizer.templateFault} />
        </Box>
      )}
      {ignoredTensors.length > 0 && (
        <Text size="sm" mt="md" title={ignoredTensors.join('\n')}>
          {t('model.ignored', { count: ignoredTensors.length })}
        </Text>
      )}
    </>
  )
}

/** Whether this GPU takes the run that is planned now: not a byte of the weights has been loaded for it. */
function PlanVerdict() {
  const { t } = useTranslation()
  const plan = useRecipe((recipe) => recipe.plan)
  const error = useRecipe((recipe) => recipe.planError)
  const exceeded = plan?.verdicts.filter(({ ok }) => !ok) ?? []
  if (error)
    return <Verdict state="exceeds">{t('model.verdict.cannot', { why: asSentence(error.message) })}</Verdict>
  if (!plan) return <Verdict state="waiting">{t('model.verdict.noPlan')}</Verdict>
  const needed = formatBytes(plan.totalBytes)
  return exceeded.length === 0 ? (
    <Verdict state="fits">{t('model.verdict.fits', { needed })}</Verdict>
  ) : (
    <Verdict state="exceeds">
      {t('model.verdict.exceeds', { needed, limits: exceeded.map(({ limit }) => limit).join(', ') })}
    </Verdict>
  )
}

function Opening({ done, total }: { done: number; total: number }) {
  const { t } = useTranslation()
  return (
    <>
      <Progress
        value={total > 0 ? (100 * done) / total : 0}
        aria-label={t('nav.why.opening')}
        mb="md"
        transitionDuration={0}
      />
      <Skeleton height={54} radius="md" mb="sm" />
      <Skeleton height={90} radius="md" />
    </>
  )
}

/** Said where something cannot be changed while a run goes on. */
export function Locked() {
  const { t } = useTranslation()
  return (
    <Alert variant="light" icon={<IconLock aria-hidden />}>
      {t('model.locked')}
    </Alert>
  )
}
