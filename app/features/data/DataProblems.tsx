import { Button, Group, Text } from '@mantine/core'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DatasetSummary } from '../../../src/session/reports.ts'
import { Panel } from '../../components/Panel.tsx'
import { formatInteger } from '../../format/numbers.ts'
import { useModel, useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { isLive } from '../../stores/run.ts'
import { BadRows } from './BadRows.tsx'
import classes from './DataProblems.module.css'
import { cutProblem } from './data-problems.ts'

const LISTED = 12

/** What is wrong with the rows, each with the click that mends it where there is one, and the one that undoes that. */
export function DataProblems({ summary }: { summary: DatasetSummary }) {
  const { t } = useTranslation()
  const { editField } = useStudio()
  const config = useRecipe((recipe) => recipe.config)
  const contextLength = useModel((model) => model.summary?.contextLength)
  const locked = useRun((run) => isLive(run.status))
  const [raised, setRaised] = useState<{ from: number; to: number } | null>(null)
  // While the recipe has a fault, nobody knows where rows are cut.
  const { maxSeqLength = summary.longestTokens, dropDuplicates = false } = config?.data ?? {}
  const cut = cutProblem(summary, maxSeqLength, contextLength ?? maxSeqLength)
  const wasRaised = raised?.to === maxSeqLength ? raised : null
  const { badRows, duplicates } = summary
  const raise = (to: number) => {
    setRaised({ from: maxSeqLength, to })
    editField('data.maxSeqLength', to)
  }
  const lower = (from: number) => {
    setRaised(null)
    editField('data.maxSeqLength', from)
  }
  if (badRows.length === 0 && duplicates.length === 0 && !cut && !wasRaised) return null
  const counts = { rows: formatInteger(summary.rows) }
  return (
    <Panel title={t('data.problems')} id="data-problems">
      <ul className={classes.list}>
        {badRows.length > 0 && (
          <li className={classes.problem}>
            <BadRows summary={summary} />
          </li>
        )}
        {cut && (
          <Problem
            text={t('data.cut', { count: cut.rows, ...counts, limit: formatInteger(maxSeqLength) })}
            more={
              cut.stillCut > 0 && contextLength !== undefined
                ? t('data.cutByModel', { count: cut.stillCut, limit: formatInteger(contextLength) })
                : undefined
            }
          >
            {cut.raiseTo !== null && (
              <Button size="sm" disabled={locked} onClick={() => raise(cut.raiseTo as number)}>
                {t('data.raise', { length: formatInteger(cut.raiseTo) })}
              </Button>
            )}
          </Problem>
        )}
        {!cut && wasRaised && (
          <Problem solved text={t('data.raised', { length: formatInteger(wasRaised.to) })}>
            <Button variant="default" size="sm" disabled={locked} onClick={() => lower(wasRaised.from)}>
              {t('data.lower', { length: formatInteger(wasRaised.from) })}
            </Button>
          </Problem>
        )}
        {duplicates.length > 0 && (
          <Problem
            solved={dropDuplicates}
            text={t(dropDuplicates ? 'data.duplicatesDropped' : 'data.duplicates', {
              count: duplicates.length,
              ...counts,
            })}
            more={duplicates
              .slice(0, LISTED)
              .map((pair) => t('data.duplicate', pair))
              .join(', ')
              .concat(duplicates.length > LISTED ? ', …' : '')}
          >
            <Button
              variant={dropDuplicates ? 'default' : 'filled'}
              size="sm"
              disabled={locked}
              onClick={() => editField('data.dropDuplicates', !dropDuplicates)}
            >
              {t(dropDuplicates ? 'data.keepDuplicates' : 'data.dropDuplicates')}
            </Button>
          </Problem>
        )}
      </ul>
    </Panel>
  )
}

interface ProblemProps {
  text: string
  more?: string
  solved?: boolean
  /** The click that mends it, or undoes that. */
  children?: ReactNode
}

function Problem({ text, more, solved = false, children }: ProblemProps) {
  const Icon = solved ? IconCheck : IconAlertTriangle
  return (
    <li className={classes.problem}>
      <Group justify="space-between" gap="sm">
        <div className={classes.words}>
          <Icon size={17} aria-hidden className={classes.icon} />
          <div>
            <Text size="sm">{text}</Text>
            {more && (
              <Text size="sm" c="var(--nibble-ink-soft)">
                {more}
              </Text>
            )}
          </div>
        </div>
        {children}
      </Group>
    </li>
  )
}
