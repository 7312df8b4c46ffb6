import { Button, CloseButton, Text } from '@mantine/core'
import { IconFolderDown } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type ErrorData, errorToData, inputError } from '../../../src/util/errors.ts'
import { DropArea } from '../../components/DropArea.tsx'
import { Failure } from '../../components/Failure.tsx'
import { Panel } from '../../components/Panel.tsx'
import { usePlayground, useRun, useStudio } from '../../stores/context.tsx'
import { speakersOf } from '../../stores/playground.ts'
import classes from './AdapterPanel.module.css'
import { adapterAmong } from './adapter-files.ts'
import { Sliding } from './SpeechSettingsPanel.tsx'

const MAX_STRENGTH = 2

/** How much of the adapters is heard, and one from files as a column more. */
export function AdapterPanel() {
  const { t } = useTranslation()
  const { playground } = useStudio()
  const adapter = usePlayground((state) => state.adapter)
  const strength = usePlayground((state) => state.settings.strength)
  const hasAny = useRun((run) => speakersOf(run, { adapter }).length > 1)
  const [refused, setRefused] = useState<ErrorData | null>(null)
  const folderInput = useRef<HTMLInputElement>(null)

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
    if (found) playground.openAdapter(found.name, found.files)
  }
  return (
    <Panel title={t('playground.another')} help={t('playground.anotherHelp')} id="playground-adapter">
      {hasAny && (
        <div className={classes.strength}>
          <Sliding
            name="strength"
            value={strength}
            max={MAX_STRENGTH}
            step={0.05}
            marks={[{ value: 1 }]}
            onChange={playground.slide}
          />
        </div>
      )}
      {refused && (
        <Failure title={t('playground.notAdapter')} error={refused} onClose={() => setRefused(null)} />
      )}
      {adapter ? (
        <div className={classes.opened}>
          <Text size="sm" fw={550} className={classes.name}>
            {adapter.name}
          </Text>
          <CloseButton
            aria-label={t('playground.remove', { name: adapter.name })}
            onClick={playground.closeAdapter}
          />
        </div>
      ) : (
        <DropArea
          title={t('playground.anotherDrop')}
          activeTitle={t('playground.anotherActive')}
          help={t('playground.anotherHelp')}
          icon={IconFolderDown}
          onFiles={take}
        >
          {(openFiles) => (
            <>
              <input
                ref={folderInput}
                type="file"
                hidden
                // @ts-expect-error React has no name for the folder switch of file inputs, and passes it on
                webkitdirectory=""
                aria-label={t('playground.folder')}
                onChange={(event) => {
                  take([...(event.currentTarget.files ?? [])])
                  event.currentTarget.value = ''
                }}
              />
              <Button size="compact-sm" variant="default" onClick={() => folderInput.current?.click()}>
                {t('playground.folder')}
              </Button>
              <Button size="compact-sm" variant="default" onClick={openFiles}>
                {t('playground.files')}
              </Button>
            </>
          )}
        </DropArea>
      )}
    </Panel>
  )
}
