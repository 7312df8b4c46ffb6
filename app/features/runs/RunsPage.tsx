import { Alert, Button, Group, Skeleton, Text } from '@mantine/core'
import { useDisclosure, useSessionStorage } from '@mantine/hooks'
import { IconHistory, IconTrash } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { Page } from '../../components/Page.tsx'
import { Panel } from '../../components/Panel.tsx'
import { useHistory, useStudio } from '../../stores/context.tsx'
import { CompareRuns } from './CompareRuns.tsx'
import { DeleteRuns } from './DeleteRuns.tsx'
import { OpenRunFile } from './OpenRunFile.tsx'
import classes from './RunsPage.module.css'
import { RunsTable } from './RunsTable.tsx'
import { StorageUse } from './StorageUse.tsx'

/** The runs of this browser: a table, and those that are ticked against one another. */
export function RunsPage() {
  const { t } = useTranslation()
  const { history } = useStudio()
  const { status, records, failure } = useHistory((state) => state)
  const [ticked, setTicked] = useSessionStorage<string[]>({ key: 'nibble-ticked-runs', defaultValue: [] })
  const deleteButton = useRef<HTMLButtonElement>(null)
  const [deleting, { open: askDelete, close: endDelete }] = useDisclosure(false)
  // Another tab may have added or deleted some.
  useEffect(() => void history.open(), [history])
  const known = ticked.filter((id) => records.some((record) => record.id === id))
  const deletable = records.filter(({ id, status }) => known.includes(id) && status !== 'running')
  return (
    <Page title={t('runs.title')} lead={t('runs.lead')}>
      {failure && (
        <Alert variant="default" title={t('runs.notKept')}>
          {failure.message} {t('runs.notKeptHint')}
        </Alert>
      )}
      {status === 'opening' ? (
        <Panel>
          <Skeleton height={180} aria-label={t('runs.opening')} />
        </Panel>
      ) : records.length === 0 ? (
        <NoRuns />
      ) : (
        <Panel>
          <Group gap="xs" mb="xs" className={classes.bar}>
            {known.length > 0 ? (
              <>
                <Text size="sm" fw={600} aria-live="polite">
                  {t('runs.selected', { count: known.length })}
                </Text>
                <Button variant="subtle" size="compact-sm" onClick={() => setTicked([])}>
                  {t('runs.clear')}
                </Button>
                <Button
                  ref={deleteButton}
                  variant="subtle"
                  color="gray"
                  size="compact-sm"
                  leftSection={<IconTrash size={14} aria-hidden />}
                  disabled={deletable.length === 0}
                  onClick={askDelete}
                >
                  {t('runs.deleteSelected')}
                </Button>
              </>
            ) : (
              <Text size="sm" c="var(--nibble-ink-soft)">
                {t('runs.noneSelected')}
              </Text>
            )}
          </Group>
          <RunsTable records={records} ticked={known} onTick={setTicked} />
          <div className={classes.storage}>
            <StorageUse />
          </div>
        </Panel>
      )}
      {known.length > 0 && <CompareRuns ids={known} />}
      <OpenRunFile />
      {deleting && (
        <DeleteRuns
          records={deletable}
          onClose={() => {
            endDelete()
            deleteButton.current?.focus()
          }}
        />
      )}
    </Page>
  )
}

function NoRuns() {
  const { t } = useTranslation()
  return (
    <Panel className={classes.empty}>
      <IconHistory size={30} stroke={1.4} aria-hidden />
      <Text fw={600}>{t('runs.empty.title')}</Text>
      <Text size="sm" c="var(--nibble-ink-soft)" maw="56ch">
        {t('runs.empty.text')}
      </Text>
      <Button component={Link} href="/train" mt="xs">
        {t('runs.empty.start')}
      </Button>
    </Panel>
  )
}
