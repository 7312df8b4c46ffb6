import { Alert, Button, FileButton, Group, SegmentedControl, Text, Title } from '@mantine/core'
import { IconDownload, IconFolderOpen } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { PRESETS } from '../../../src/config/presets.ts'
import { downloadFile } from '../../components/download.ts'
import { Failure } from '../../components/Failure.tsx'
import { Panel } from '../../components/Panel.tsx'
import { useRecipe, useRun, useStudio } from '../../stores/context.tsx'
import { differences, type RecipeField, valueAt } from '../../stores/recipe-fields.ts'
import { isLive } from '../../stores/run.ts'
import { MomentsPlan } from './MomentsPlan.tsx'
import { RecipeFieldInput } from './RecipeFieldInput.tsx'
import classes from './RecipeForm.module.css'

/** In the order of FieldHelp's depths. */
const DEPTHS = ['few', 'common', 'all'] as const

/** Settings that only count with a quantized base. */
const isForMethod = (field: RecipeField, method: unknown): boolean =>
  field.section !== 'quantization' || method === 'qlora'

/** The recipe in three depths: preset, common settings, all of them. */
export function RecipeForm() {
  const { t } = useTranslation()
  const studio = useStudio()
  const { presetId, fileName, base, draft, config, problems, fileFailure } = useRecipe((recipe) => recipe)
  const locked = useRun((run) => isLive(run.status))
  const [depth, setDepth] = useState(0)
  const forgetFile = useRef<() => void>(null)
  const relevant = studio.fields.filter((field) => isForMethod(field, draft.method))
  const shown = relevant.filter((field) => field.depth <= depth)
  const changed = differences(relevant, base, draft)
  const isShown = (path: string) => shown.some((field) => field.path === path)
  const faulty = problems.flatMap((problem) => problem.path ?? [])
  const hidden = new Set([...changed, ...faulty].filter((path) => !isShown(path)))
  const unplaced = problems.filter((problem) => !problem.path || !isShown(problem.path))
  const sections = [...new Set(shown.map((field) => field.section))]

  return (
    <Panel title={t('recipe.title')} id="recipe">
      <Text size="sm" c="var(--nibble-ink-soft)" mb="sm">
        {t('recipe.lead')}
      </Text>
      <SegmentedControl
        fullWidth
        aria-label={t('recipe.presets')}
        disabled={locked}
        value={presetId}
        onChange={(id) => id !== 'file' && studio.choosePreset(id as (typeof PRESETS)[number]['id'])}
        data={[
          ...PRESETS.map(({ id, label }) => ({ value: id as string, label })),
          ...(presetId === 'file'
            ? [{ value: 'file', label: t('recipe.fromFile', { name: fileName ?? '' }) }]
            : []),
        ]}
      />
      <Text size="sm" c="var(--nibble-ink-soft)" mt={8}>
        {PRESETS.find(({ id }) => id === presetId)?.help}
      </Text>
      {fileFailure && (
        <div className={classes.failure}>
          <Failure
            title={t('recipe.openFailed', { name: fileFailure.name })}
            error={fileFailure.error}
            onClose={studio.dismissRecipeFailure}
          />
        </div>
      )}
      <Group justify="space-between" mt="md" mb={4} gap="xs">
        <Group gap="xs">
          <Text size="sm" fw={550} id="recipe-depth">
            {t('recipe.depth')}
          </Text>
          <SegmentedControl
            size="xs"
            aria-labelledby="recipe-depth"
            value={String(depth)}
            onChange={(value) => setDepth(Number(value))}
            data={DEPTHS.map((name, value) => ({ value: String(value), label: t(`recipe.depths.${name}`) }))}
          />
        </Group>
        <Text size="sm" c="var(--nibble-ink-soft)">
          {changed.length > 0 && t('recipe.differsCount', { count: changed.length })}
        </Text>
      </Group>
      {unplaced.length > 0 && (
        <Alert
          role="alert"
          color="red"
          variant="light"
          mt="xs"
          title={t('recipe.problems', { count: problems.length })}
        >
          {unplaced.map(({ message, fix }) => (
            <Text size="sm" key={message}>
              {message}. {fix}
            </Text>
          ))}
        </Alert>
      )}
      {hidden.size > 0 && (
        <Button variant="subtle" size="compact-sm" mt="xs" onClick={() => setDepth(2)}>
          {t('recipe.hidden', { count: hidden.size })} – {t('recipe.showAll')}
        </Button>
      )}
      {sections.map((section) => (
        <fieldset key={section} className={classes.section}>
          <Title order={3} component="legend">
            {t(`recipe.sections.${section as 'lora'}`)}
          </Title>
          <div className={classes.fields}>
            {shown
              .filter((field) => field.section === section)
              .map((field) => (
                <RecipeFieldInput
                  key={field.path}
                  field={field}
                  value={valueAt(draft, field.path)}
                  original={valueAt(base, field.path)}
                  problems={problems.filter((problem) => problem.path === field.path)}
                  disabled={locked}
                  onChange={(value) => studio.editField(field.path, value)}
                  onReset={() => studio.resetField(field.path)}
                />
              ))}
          </div>
          {section === 'optimizer.paging' && <MomentsPlan />}
        </fieldset>
      ))}
      <Group mt="lg" gap="xs">
        <FileButton
          accept=".json,application/json"
          resetRef={forgetFile}
          onChange={(file) => {
            if (file) void file.text().then((text) => studio.openRecipe(file.name, text))
            forgetFile.current?.() // else the same file, corrected, could not be chosen again
          }}
        >
          {(props) => (
            <Button
              {...props}
              variant="default"
              size="xs"
              disabled={locked}
              leftSection={<IconFolderOpen size={15} aria-hidden />}
            >
              {t('recipe.open')}
            </Button>
          )}
        </FileButton>
        <Button
          variant="default"
          size="xs"
          disabled={!config}
          leftSection={<IconDownload size={15} aria-hidden />}
          onClick={() =>
            config && downloadFile('RUN.json', `${JSON.stringify(config, null, 2)}\n`, 'application/json')
          }
        >
          {t('recipe.save')}
        </Button>
      </Group>
    </Panel>
  )
}
