import { Alert, Badge, Group, SimpleGrid, Skeleton } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { DataTable } from '../../charts/DataTable.tsx'
import { Facts } from '../../components/Facts.tsx'
import { Page } from '../../components/Page.tsx'
import { Panel } from '../../components/Panel.tsx'
import { Quantity } from '../../components/Quantity.tsx'
import { formatBytes, formatInteger } from '../../format/numbers.ts'
import { useDevice } from '../../stores/context.tsx'
import { useDeviceName } from './device-name.ts'
import { LimitName } from './LimitName.tsx'
import { PlannedUse } from './PlannedUse.tsx'
import { VerificationPanel } from './VerificationPanel.tsx'

/** Optional features that make kernels faster, with the words for them. */
const OPTIONAL = [
  ['shader-f16', 'f16'],
  ['subgroups', 'subgroups'],
  ['timestamp-query', 'timestamps'],
] as const

export function DevicePage() {
  const { t } = useTranslation()
  const report = useDevice((device) => device.report)
  const name = useDeviceName()
  if (!report) {
    return (
      <Page title={t('device.title')} lead={t('device.checking')}>
        <Skeleton height={180} radius="md" />
        <Skeleton height={320} radius="md" />
      </Page>
    )
  }
  const { device, uses } = report
  const { limits } = device
  const bytes = (key: string) => <Quantity value={limits[key]} format={formatBytes} unit="" />
  return (
    <Page title={t('device.title')} lead={t('device.lead')}>
      {device.software && (
        <Alert
          variant="light"
          color="orange"
          icon={<IconInfoCircle aria-hidden />}
          title={t('device.software')}
        >
          {t('device.softwareHelp')}
        </Alert>
      )}
      <Panel title={name} id="device-name">
        <Facts
          facts={[
            { label: t('device.vendor'), value: device.vendor || '–' },
            { label: t('device.architecture'), value: device.architecture || '–' },
            ...OPTIONAL.map(([feature, word]) => ({
              label: t(`device.${word}`),
              value: t(device.features.includes(feature) ? 'device.available' : 'device.missing'),
            })),
            { label: t('device.largestBuffer'), value: bytes('maxBufferSize') },
            { label: t('device.largestBinding'), value: bytes('maxStorageBufferBindingSize') },
            { label: t('device.workgroupMemory'), value: bytes('maxComputeWorkgroupStorageSize') },
            {
              label: t('device.invocations'),
              value: formatInteger(limits.maxComputeInvocationsPerWorkgroup),
            },
            {
              label: t('device.storageBuffers'),
              value: formatInteger(limits.maxStorageBuffersPerShaderStage),
            },
            {
              label: t('device.variant'),
              value: t(device.software ? 'device.variantSoftware' : 'device.variantGpu'),
            },
            { label: t('device.uses'), value: uses.length > 0 ? uses.join(', ') : t('device.usesNone') },
          ]}
        />
      </Panel>
      <VerificationPanel />
      <PlannedUse />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <Panel title={t('device.features')} id="device-features">
          <Group gap={6}>
            {[...device.features].sort().map((feature) => (
              <Badge key={feature} variant="default" tt="none" fw={450}>
                {feature}
              </Badge>
            ))}
          </Group>
        </Panel>
        <Panel title={t('device.limits')} id="device-limits">
          <DataTable
            caption={t('device.limits')}
            height={420}
            rows={Object.entries(limits).sort(([one], [other]) => one.localeCompare(other))}
            columns={[
              { name: t('device.limit'), value: ([limit]) => <LimitName name={limit} />, align: 'left' },
              { name: t('device.value'), value: ([, value]) => value.toLocaleString('en') },
            ]}
          />
        </Panel>
      </SimpleGrid>
    </Page>
  )
}
