import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { DataTable } from '../../charts/DataTable.tsx'
import { Panel } from '../../components/Panel.tsx'
import { formatBytes, formatInteger } from '../../format/numbers.ts'
import { useRecipe } from '../../stores/context.tsx'
import { LimitName } from './LimitName.tsx'

/** What of the device's limits the run needs that is planned now. */
export function PlannedUse() {
  const { t } = useTranslation()
  const verdicts = useRecipe(({ plan }) => plan?.verdicts)
  return (
    <Panel title={t('device.planned')} id="device-planned">
      {verdicts ? (
        <DataTable
          caption={t('device.planned')}
          rows={verdicts}
          columns={[
            { name: t('device.limit'), value: ({ limit }) => <LimitName name={limit} />, align: 'left' },
            { name: t('device.needed'), value: ({ limit, needed }) => amount(limit, needed) },
            { name: t('device.offered'), value: ({ limit, available }) => amount(limit, available) },
          ]}
        />
      ) : (
        <Text size="sm" c="var(--nibble-ink-soft)">
          {t('device.plannedNone')}
        </Text>
      )}
    </Panel>
  )
}

/** Limits that are bytes have Size or Storage in their names; the rest are counts. */
const amount = (limit: string, value: number): string =>
  /BufferSize|BindingSize|WorkgroupStorageSize/.test(limit) ? formatBytes(value) : formatInteger(value)
