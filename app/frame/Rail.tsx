import { NavLink, Text, VisuallyHidden } from '@mantine/core'
import {
  IconAlertCircle,
  IconCircle,
  IconCircleCheck,
  IconCpu,
  IconGridDots,
  IconHistory,
  IconHome,
  IconLoader2,
  IconTrophy,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import {
  useDataset,
  useModel,
  usePlayground,
  useRecipe,
  useRun,
  useVerification,
} from '../stores/context.tsx'
import type { VerificationState } from '../stores/verification.ts'
import classes from './Rail.module.css'
import {
  dataStatus,
  modelStatus,
  playgroundStatus,
  type StepState,
  type StepStatus,
  trainStatus,
} from './step-states.ts'

/** The path of the work with the state of every step, and the tools below it. */
export function Rail({ onNavigate }: { onNavigate: () => void }) {
  const { t } = useTranslation()
  const model = useModel((state) => state)
  const dataset = useDataset((state) => state)
  const recipe = useRecipe((state) => state)
  const run = useRun((state) => state)
  const playground = usePlayground((state) => state)
  const verified = useVerification(({ status }) => status)
  const refused: StepStatus | null =
    verified === 'failed' && run.status === 'idle'
      ? { state: 'attention', why: t('device.verification.short.failed') }
      : null
  const steps: { to: string; name: string; status: StepStatus }[] = [
    { to: '/model', name: t('nav.model'), status: modelStatus(model, t) },
    { to: '/data', name: t('nav.data'), status: dataStatus(dataset, t) },
    { to: '/train', name: t('nav.train'), status: refused ?? trainStatus(run, recipe, t) },
    { to: '/playground', name: t('nav.playground'), status: playgroundStatus(playground, model, run, t) },
  ]
  return (
    <nav aria-label={t('app.navigation')} className={classes.rail}>
      <Item
        to="/"
        name={t('nav.overview')}
        icon={<IconHome size={18} stroke={1.6} aria-hidden />}
        onNavigate={onNavigate}
      />
      <ol className={classes.steps}>
        {steps.map(({ to, name, status }, index) => (
          <li key={to}>
            <Item
              to={to}
              name={name}
              why={status.why}
              icon={
                <span className={classes.number} aria-hidden>
                  {index + 1}
                </span>
              }
              mark={<StateMark state={status.state} />}
              onNavigate={onNavigate}
            />
          </li>
        ))}
      </ol>
      <Text size="xs" fw={600} className={classes.caption} id="rail-tools">
        {t('app.tools')}
      </Text>
      <ul className={classes.steps} aria-labelledby="rail-tools">
        <li>
          <Item
            to="/quantization"
            name={t('nav.quantization')}
            icon={<IconGridDots size={18} stroke={1.6} aria-hidden />}
            onNavigate={onNavigate}
          />
        </li>
        <li>
          <Item
            to="/runs"
            name={t('nav.runs')}
            icon={<IconHistory size={18} stroke={1.6} aria-hidden />}
            onNavigate={onNavigate}
          />
        </li>
        <li>
          <Item
            to="/device"
            name={t('nav.device')}
            why={t(`device.verification.short.${verified}`)}
            mark={<StateMark state={VERIFIED[verified]} />}
            icon={<IconCpu size={18} stroke={1.6} aria-hidden />}
            onNavigate={onNavigate}
          />
        </li>
      </ul>
    </nav>
  )
}

interface ItemProps {
  to: string
  name: string
  icon: ReactNode
  why?: string
  mark?: ReactNode
  onNavigate: () => void
}

function Item({ to, name, icon, why, mark, onNavigate }: ItemProps) {
  const [location] = useLocation()
  const active = location === to
  return (
    <NavLink
      component={Link}
      href={to}
      label={name}
      description={why && <span title={why}>{why}</span>}
      leftSection={icon}
      rightSection={mark}
      active={active}
      aria-current={active ? 'page' : undefined}
      onClick={onNavigate}
      classNames={{ root: classes.item, label: classes.label, description: classes.why }}
    />
  )
}

/** How the device stands: whether it has been found to compute correctly. */
const VERIFIED: Record<VerificationState['status'], StepState> = {
  unknown: 'waiting',
  running: 'busy',
  passed: 'ready',
  failed: 'attention',
  unfinished: 'attention',
}

const MARKS: Record<StepState, { icon: typeof IconCircle; tone: string }> = {
  ready: { icon: IconCircleCheck, tone: 'var(--nibble-good)' },
  done: { icon: IconTrophy, tone: 'var(--nibble-good)' },
  busy: { icon: IconLoader2, tone: 'var(--nibble-series-main)' },
  attention: { icon: IconAlertCircle, tone: 'var(--nibble-bad)' },
  waiting: { icon: IconCircle, tone: 'var(--nibble-ink-soft)' },
}

function StateMark({ state }: { state: StepState }) {
  const { t } = useTranslation()
  const { icon: Icon, tone } = MARKS[state]
  return (
    <>
      <Icon
        size={17}
        stroke={1.8}
        color={tone}
        aria-hidden
        className={state === 'busy' ? classes.turning : undefined}
      />
      <VisuallyHidden>{t(`nav.state.${state}`)}</VisuallyHidden>
    </>
  )
}
