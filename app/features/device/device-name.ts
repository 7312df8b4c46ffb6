import { useTranslation } from 'react-i18next'
import type { DeviceReport } from '../../../src/session/reports.ts'
import { useDevice } from '../../stores/context.tsx'

/** What a person would call the device: its description, else its parts; browsers often tell only some of them. */
export function deviceName({ device }: DeviceReport): string {
  if (device.description) return device.description
  return [...new Set([device.vendor, device.device, device.architecture])].filter(Boolean).join(' ')
}

/** The name of the device, or null while it is being asked. */
export function useDeviceName(): string | null {
  const { t } = useTranslation()
  const report = useDevice((device) => device.report)
  return report && (deviceName(report) || t('device.unnamed'))
}
