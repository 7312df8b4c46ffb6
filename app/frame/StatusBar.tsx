import {
  ActionIcon,
  Group,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { IconCpu, IconKeyboard, IconMoon, IconStack2, IconSun } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { useDeviceName } from '../features/device/device-name.ts'
import { RunControls } from '../features/train/RunControls.tsx'
import { formatBytes, formatEstimate, formatNumber } from '../format/numbers.ts'
import { useRecipe, useRun } from '../stores/context.tsx'
import { isLive } from '../stores/run.ts'
import classes from './StatusBar.module.css'

/** What stays in sight on every page: device, memory, and the run while one lives. */
export function StatusBar({ onKeys }: { onKeys: () => void }) {
  return (
    <Group gap={14} wrap="nowrap" className={classes.bar}>
      <RunStatus />
      <DeviceStatus />
      <Group gap={4} wrap="nowrap">
        <KeysButton onClick={onKeys} />
        <ColorSchemeButton />
      </Group>
    </Group>
  )
}

function DeviceStatus() {
  const { t } = useTranslation()
  const name = useDeviceName()
  const planned = useRecipe((recipe) => recipe.plan?.totalBytes)
  const live = useRun((run) =>
    isLive(run.status) || run.status === 'finished' ? run.plannedTotalBytes : null,
  )
  const used = useRun((run) => run.memory.readings.at(-1)?.totalBytes ?? run.allocatedBytes)
  const memory =
    live !== null && used !== null
      ? t('status.inUse', { used: formatBytes(used), planned: formatBytes(live) })
      : planned !== undefined && t('status.planned', { bytes: formatBytes(planned) })
  return (
    <Group gap={14} wrap="nowrap" className={classes.device}>
      {name && (
        <Text component={Link} href="/device" size="sm" className={classes.fact} title={name}>
          <IconCpu size={15} stroke={1.6} aria-hidden />
          <span className={classes.name}>{name}</span>
        </Text>
      )}
      {memory && (
        <Text size="sm" className={classes.fact}>
          <IconStack2 size={15} stroke={1.6} aria-hidden />
          <span className="tabular">{memory}</span>
        </Text>
      )}
    </Group>
  )
}

function RunStatus() {
  const { t } = useTranslation()
  const status = useRun((run) => run.status)
  const step = useRun((run) => run.step)
  const total = useRun((run) => run.totalSteps)
  const last = useRun((run) => run.steps.last?.metrics)
  const secondsLeft = useRun((run) => run.secondsLeft)
  if (!isLive(status)) return null
  const paused = status === 'paused'
  return (
    <Group gap={14} wrap="nowrap" className={classes.run}>
      {step > 0 && (
        <Text component={Link} href="/train" size="sm" fw={600} className={`${classes.fact} tabular`}>
          {t('status.step', { step, total })}
        </Text>
      )}
      {last?.['train/loss'] !== undefined && (
        <Text size="sm" className={`${classes.fact} ${classes.roomy} tabular`}>
          {t('status.loss', { value: formatNumber(last['train/loss']) })}
        </Text>
      )}
      {last?.['speed/tokens_per_second'] !== undefined && !paused && (
        <Text size="sm" className={`${classes.fact} ${classes.wide} tabular`}>
          {t('status.rate', { value: formatNumber(last['speed/tokens_per_second']) })}
        </Text>
      )}
      {secondsLeft !== null && (
        <Text size="sm" className={`${classes.fact} ${classes.wide} tabular`}>
          {t('status.left', { time: formatEstimate(secondsLeft) })}
        </Text>
      )}
      <RunControls compact />
    </Group>
  )
}

function ColorSchemeButton() {
  const { t } = useTranslation()
  const { setColorScheme } = useMantineColorScheme()
  const dark = useComputedColorScheme('light') === 'dark'
  const label = dark ? t('app.toLight') : t('app.toDark')
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      >
        {dark ? <IconSun size={17} aria-hidden /> : <IconMoon size={17} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  )
}

function KeysButton({ onClick }: { onClick: () => void }) {
  const { t } = useTranslation()
  return (
    <Tooltip label={t('app.keys')}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t('app.keys')}
        onClick={onClick}
        className={classes.keys}
      >
        <IconKeyboard size={17} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}
