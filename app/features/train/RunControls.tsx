import { ActionIcon, Button, Group, Text, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconDeviceFloppy, IconPlayerPause, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react'
import type { ComponentType } from 'react'
import { useTranslation } from 'react-i18next'
import { Question } from '../../components/Question.tsx'
import { useRun, useStudio } from '../../stores/context.tsx'

interface RunControlsProps {
  /** Icons with their names in tooltips: for the bar that every page has. */
  compact?: boolean
}

/** Pause or resume, save, stop: wherever a run is in sight. Stopping asks once, if there is something to lose. */
export function RunControls({ compact = false }: RunControlsProps) {
  const { t } = useTranslation()
  const studio = useStudio()
  const status = useRun((run) => run.status)
  const [asking, { open: ask, close: stopAsking }] = useDisclosure(false)
  const [saving, { open: beginSave, close: endSave }] = useDisclosure(false)
  const paused = status === 'paused'
  const hasLearned = useRun((run) => run.step > run.begunAt) && status !== 'starting'
  const save = async () => {
    beginSave()
    await studio.save()
    endSave()
  }
  const Control = compact ? SmallControl : LargeControl
  return (
    <>
      <Group gap={compact ? 2 : 'xs'} wrap={compact ? 'nowrap' : 'wrap'}>
        <Control
          label={t(paused ? 'train.resume' : 'train.pause')}
          icon={paused ? IconPlayerPlay : IconPlayerPause}
          disabled={status === 'starting' || status === 'stopping'}
          onClick={() => void (paused ? studio.resume() : studio.pause())}
        />
        <Control
          label={t('train.save')}
          help={t('train.saveHelp')}
          icon={IconDeviceFloppy}
          disabled={status !== 'running' && !paused}
          loading={saving}
          onClick={() => void save()}
        />
        <Control
          label={t('train.stop')}
          icon={IconPlayerStop}
          disabled={status === 'stopping'}
          onClick={hasLearned ? ask : () => void studio.stop()}
        />
      </Group>
      <Question
        opened={asking}
        title={t('train.stopTitle')}
        keep={t('train.stopCancel')}
        confirm={t('train.stopConfirm')}
        onClose={stopAsking}
        onConfirm={() => void studio.stop()}
      >
        <Text>{t('train.stopText')}</Text>
      </Question>
    </>
  )
}

interface ControlProps {
  label: string
  help?: string
  icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>
  disabled: boolean
  loading?: boolean
  onClick: () => void
}

function LargeControl({ label, help, icon: Icon, disabled, loading, onClick }: ControlProps) {
  return (
    <Tooltip label={help ?? label} disabled={!help}>
      <Button
        variant="default"
        disabled={disabled}
        loading={loading}
        leftSection={<Icon size={16} aria-hidden />}
        onClick={onClick}
      >
        {label}
      </Button>
    </Tooltip>
  )
}

function SmallControl({ label, icon: Icon, disabled, loading, onClick }: ControlProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        size={28}
        aria-label={label}
        disabled={disabled}
        loading={loading}
        onClick={onClick}
      >
        <Icon size={15} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}
