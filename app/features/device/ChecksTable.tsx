import { Group, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { VerificationCheck } from '../../../src/session/reports.ts'
import { DataTable } from '../../charts/DataTable.tsx'
import { formatInteger, formatNumber } from '../../format/numbers.ts'
import classes from './ChecksTable.module.css'

/** Every check with its figures, what is wrong first. */
export function ChecksTable({ checks }: { checks: readonly VerificationCheck[] }) {
  const { t } = useTranslation()
  const rows = [...checks.filter(({ passed }) => !passed), ...checks.filter(({ passed }) => passed)]
  return (
    <DataTable
      caption={t('device.verification.table')}
      height={440}
      rows={rows}
      columns={[
        { name: t('device.verification.result'), value: (check) => <Result check={check} />, align: 'left' },
        { name: t('device.verification.name'), value: (check) => <Name check={check} />, align: 'left' },
        {
          name: t('device.verification.against'),
          value: ({ kind }) => t(`device.verification.kind.${kind}`),
          align: 'left',
          wideOnly: true,
        },
        {
          name: t('device.verification.figure'),
          value: (check) => <Figure check={check} value={check.figure} />,
        },
        {
          name: t('device.verification.allowed'),
          value: (check) => <Figure check={check} value={check.tolerance} />,
        },
        {
          name: t('device.verification.time'),
          value: ({ durationMs }) => `${formatInteger(durationMs)} ms`,
          wideOnly: true,
        },
      ]}
    />
  )
}

function Result({ check: { passed } }: { check: VerificationCheck }) {
  const { t } = useTranslation()
  const Icon = passed ? IconCircleCheck : IconAlertTriangle
  const tone = passed ? 'var(--nibble-good)' : 'var(--nibble-bad)'
  return (
    <Group gap={5} wrap="nowrap" c={tone}>
      <Icon size={15} aria-hidden />
      {t(passed ? 'device.verification.pass' : 'device.verification.fail')}
    </Group>
  )
}

/** The kernels that ran are on hover; what is wrong stands below. */
function Name({ check: { name, kernels, problem } }: { check: VerificationCheck }) {
  const { t } = useTranslation()
  return (
    <div className={classes.name} title={`${t('device.verification.kernels')}: ${kernels.join(', ')}`}>
      {name}
      {problem && (
        <Text size="xs" c="var(--nibble-bad)">
          {problem}
        </Text>
      )}
    </div>
  )
}

/** Bytes are the same or not; what is computed has an error, on hover with the unit that it is measured in. */
function Figure({ check: { kind }, value }: { check: VerificationCheck; value: number | null }) {
  const { t } = useTranslation()
  if (value === null) return t('device.verification.notComputed')
  if (kind === 'hashes' && value === 0) return t('device.verification.identical')
  if (kind === 'hashes') return t('device.verification.different', { count: value })
  return <span title={t(`device.verification.unit.${kind}`)}>{formatNumber(value, 2)}</span>
}
