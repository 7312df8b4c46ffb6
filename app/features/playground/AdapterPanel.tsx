import { Button, CloseButton, Select, Text } from '@mantine/core'
import { IconFolderDown } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type ErrorData, errorToData, inputError } from '../../../src/util/errors.ts'
import { DropArea } from '../../components/DropArea.tsx'
import { Failure } from '../../components/Failure.tsx'
import { Panel } from '../../components/Panel.tsx'
import { useHistory, useModel, usePlayground, useStudio } from '../../stores/context.tsx'
import { namesOf } from '../runs/run-look.ts'
import classes from './AdapterPanel.module.css'
import { adapterAmong, keptAdapter, runsWithAdapter } from './adapter-files.ts'

/** An adapter of an earlier run or from files, as a column more. */
export function AdapterPanel() {
  const { t } = useTranslation()
  const { playground, history } = useStudio()
  const adapter = usePlayground((state) => state.adapter)
  const records = useHistory((state) => state.records)
  const model = useModel(({ summary }) => summary?.name ?? '')
  const earlier = runsWithAdapter(records, model)
  const names = namesOf(earlier)
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
  const openEarlier = async (id: string | null) => {
    const place = earlier.findIndex((record) => record.id === id)
    if (place < 0) return
    playground.openAdapter(names[place], keptAdapter(await history.readFiles(earlier[place].id)))
  }
  return (
    <Panel title={t('playground.another')} help={t('playground.anotherHelp')} id="playground-adapter">
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
        <>
          {earlier.length > 0 && (
            <Select
              mb="sm"
              label={t('playground.earlier')}
              placeholder={t('playground.earlierNone')}
              comboboxProps={{ shadow: 'md' }}
              data={earlier.map(({ id }, place) => ({ value: id, label: names[place] }))}
              value={null}
              onChange={openEarlier}
            />
          )}
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
        </>
      )}
    </Panel>
  )
}
