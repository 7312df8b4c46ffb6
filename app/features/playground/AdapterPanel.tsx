import { Button, Checkbox, CloseButton, Select, Text } from '@mantine/core'
import { IconBookmark } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type ErrorData, errorToData, inputError } from '../../../src/util/errors.ts'
import { Failure } from '../../components/Failure.tsx'
import { FolderDrop } from '../../components/FolderDrop.tsx'
import { Panel } from '../../components/Panel.tsx'
import { useHistory, useModel, usePlayground, useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { MOST_ADAPTERS, speakersOf } from '../../stores/playground.ts'
import type { Speaker } from '../../stores/playground-state.ts'
import { namesOf } from '../runs/run-look.ts'
import classes from './AdapterPanel.module.css'
import { adapterAmong, keptAdapter, runsWithAdapter } from './adapter-files.ts'
import { speakerName } from './speaker-name.ts'

/** Who answers: base, run, earlier steps of it, adapters of earlier runs and from files. */
export function AdapterPanel() {
  const { t } = useTranslation()
  const { playground, history } = useStudio()
  const adapters = usePlayground((state) => state.adapters)
  const records = useHistory((state) => state.records)
  const model = useModel(({ summary }) => summary?.name ?? '')
  const earlier = runsWithAdapter(records, model).filter(({ id }) =>
    adapters.every(({ source, runId }) => source !== 'earlier' || runId !== id),
  )
  const names = namesOf(earlier)
  const [refused, setRefused] = useState<ErrorData | null>(null)
  const isFull = adapters.length >= MOST_ADAPTERS

  const take = (files: File[]) => {
    const found = adapterAmong(files)
    setRefused(
      found
        ? null
        : errorToData(
            inputError('adapter', [
              { message: t('playground.notAdapterMessage'), fix: t('playground.notAdapterFix') },
            ]),
          ),
    )
    if (found) playground.openAdapter({ ...found, source: 'files', runId: null, step: null })
  }
  const openEarlier = async (id: string | null) => {
    const place = earlier.findIndex((record) => record.id === id)
    if (place < 0) return
    const { step } = earlier[place]
    const files = keptAdapter(await history.readFiles(earlier[place].id))
    playground.openAdapter({ source: 'earlier', name: names[place], runId: id, step, files })
  }
  return (
    <Panel title={t('playground.columns')} help={t('playground.columnsHelp')} id="playground-adapter">
      {refused && (
        <div className={classes.refused}>
          <Failure title={t('playground.notAdapter')} error={refused} onClose={() => setRefused(null)} />
        </div>
      )}
      <Columns />
      <KeepStep disabled={isFull} onFailure={setRefused} />
      {isFull ? (
        <Text size="sm" c="var(--nibble-ink-soft)" mt="xs">
          {t('playground.noRoom', { count: MOST_ADAPTERS })}
        </Text>
      ) : (
        <>
          {earlier.length > 0 && (
            <Select
              my="sm"
              label={t('playground.earlier')}
              placeholder={t('playground.earlierNone')}
              comboboxProps={{ shadow: 'md' }}
              data={earlier.map(({ id }, place) => ({ value: id, label: names[place] }))}
              value={null}
              onChange={openEarlier}
            />
          )}
          <FolderDrop
            title={t('playground.anotherDrop')}
            activeTitle={t('playground.anotherActive')}
            help={t('playground.anotherHelp')}
            folder={t('playground.folder')}
            files={t('playground.files')}
            size="compact-sm"
            onFiles={take}
          />
        </>
      )}
    </Panel>
  )
}

/** Every column there is, to be left out of the next question or taken in. */
function Columns() {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const adapters = usePlayground((state) => state.adapters)
  const hidden = usePlayground((state) => state.hidden)
  const speakers = useRun((run) => speakersOf(run, { adapters }).join('\n')).split('\n') as Speaker[]
  const shown = speakers.filter((speaker) => !hidden.includes(speaker))
  return (
    <ul className={classes.columns} aria-label={t('playground.columns')}>
      {speakers.map((speaker) => {
        const adapter = adapters.find((opened) => opened.speaker === speaker)
        const source = speaker === 'run' ? 'run' : 'base'
        const name = speakerName(adapter ?? { source, name: null, step: null }, t)
        const isOnly = shown.length === 1 && shown[0] === speaker
        return (
          <li key={speaker}>
            <Checkbox
              size="sm"
              label={name}
              description={adapter && t(`playground.about.${adapter.source}`, { step: adapter.step ?? 0 })}
              checked={shown.includes(speaker)}
              disabled={isOnly}
              onChange={(event) => playground.show(speaker, event.currentTarget.checked)}
            />
            {adapter && (
              <CloseButton
                aria-label={t('playground.remove', { name })}
                onClick={() => playground.closeAdapter(speaker)}
              />
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** Sets what the run has learned up to now aside, to compare it with what comes after. */
function KeepStep({ disabled, onFailure }: { disabled: boolean; onFailure: (error: ErrorData) => void }) {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const [keeping, setKeeping] = useState(false)
  const { runId, status, step } = useRun((run) => run)
  const isKept = usePlayground(({ adapters }) =>
    adapters.some(
      (opened) => opened.source === 'checkpoint' && opened.runId === runId && opened.step === step,
    ),
  )
  const trainsWhole = useRecipe(({ config }) => config?.method === 'full')
  const stands = status === 'paused' || status === 'finished'
  if (!stands || step === 0 || trainsWhole || isKept) return null
  return (
    <Button
      variant="default"
      size="compact-sm"
      mt="xs"
      disabled={disabled}
      loading={keeping}
      leftSection={<IconBookmark size={14} aria-hidden />}
      onClick={() => {
        setKeeping(true)
        playground
          .keepStep()
          .catch((error: unknown) => onFailure(errorToData(error)))
          .finally(() => setKeeping(false))
      }}
    >
      {t('playground.keepStep', { step })}
    </Button>
  )
}
