import { Alert, Button, Collapse, CopyButton, Group, List, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ErrorData } from '../../src/util/errors.ts'
import { asAdvice, asSentence } from '../format/sentences.ts'
import classes from './Failure.module.css'

interface FailureProps {
  title: string
  error: ErrorData
  /** One-click ways on. */
  actions?: ReactNode
  onClose?: () => void
}

const SHOWN_PROBLEMS = 8

/** What happened, why, what to do, every single problem, and details to copy. */
export function Failure({ title, error, actions, onClose }: FailureProps) {
  const { t } = useTranslation()
  const [open, { toggle }] = useDisclosure(false)
  const [all, { open: showAll }] = useDisclosure(false)
  const problems = error.problems ?? []
  const shown = all ? problems : problems.slice(0, SHOWN_PROBLEMS)
  const details = detailsOf(error)
  const [only] = problems
  const listed = problems.length > 1 || (only !== undefined && only.message !== error.message)
  const isCount = error.message.startsWith(`${problems.length} problems: `)
  return (
    <Alert
      role="alert"
      variant="default"
      className={classes.failure}
      icon={<IconAlertTriangle aria-hidden />}
      title={title}
      withCloseButton={Boolean(onClose)}
      closeButtonLabel={t('app.close')}
      onClose={onClose}
    >
      {listed ? (
        <>
          {!isCount && (
            <Text size="sm" mb={4}>
              {asSentence(error.message)}
            </Text>
          )}
          <List size="sm" spacing={4} className={classes.problems}>
            {shown.map((problem) => (
              <List.Item key={problem.message}>
                {asSentence(problem.message)}
                {problem.fix && <span className={classes.fix}> {asAdvice(problem.fix)}</span>}
              </List.Item>
            ))}
          </List>
          {shown.length < problems.length && (
            <Button variant="subtle" size="compact-sm" onClick={showAll}>
              {t('data.showAll', { count: problems.length })}
            </Button>
          )}
        </>
      ) : (
        <Text size="sm">
          {asSentence(error.message) !== asSentence(title) && asSentence(error.message)}
          {error.hint && <span className={classes.fix}> {asAdvice(error.hint)}</span>}
        </Text>
      )}
      <Group gap="xs" mt="sm">
        {actions}
        <Button variant="subtle" size="compact-sm" aria-expanded={open} onClick={toggle}>
          {t('app.details')}
        </Button>
        <CopyButton value={details}>
          {({ copied, copy }) => (
            <Button variant="subtle" size="compact-sm" onClick={copy}>
              {copied ? t('app.copied') : t('app.copy')}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Collapse expanded={open}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
        <pre className={classes.details} tabIndex={0}>
          {details}
        </pre>
      </Collapse>
    </Alert>
  )
}

function detailsOf({ code, name, message, hint, problems, details }: ErrorData): string {
  const lines = [`${name} ${code}`, message]
  if (hint) lines.push(hint)
  for (const problem of problems ?? [])
    lines.push(`- ${problem.message}${problem.fix ? ` ${problem.fix}` : ''}`)
  if (details !== undefined)
    lines.push(typeof details === 'string' ? details : JSON.stringify(details, null, 2))
  return lines.join('\n')
}
