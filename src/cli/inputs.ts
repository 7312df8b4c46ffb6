import { readFileSync } from 'node:fs'
import type { RunConfig } from '../config/schema.ts'
import { parseAdapterConfig } from '../formats/adapter-config.ts'
import type { DatasetSummary, ModelSummary } from '../session/reports.ts'
import { inputError } from '../util/errors.ts'
import type { CommandContext } from './command.ts'
import { adapterFiles, inputFile, type ModelFolder, modelFolder, readJson } from './input-files.ts'
import { Problems } from './problems.ts'
import { progressListener } from './progress.ts'
import { commandConfig } from './run-config.ts'
import type { OpenEngine } from './runtime.ts'
import { describeData, describeModel } from './summaries.ts'

/** Everything that a command's options name, found and (as far as that needs no engine) checked. Paths are absolute. */
export interface CommandInputs {
  model: ModelFolder
  config: RunConfig
  data?: string
  evalData?: string
  adapter?: [config: string, weights: string]
  configFile?: string
}

/**
 * @param alsoCheck more of the command's own checks, whose problems are shown together with these
 * @throws input/arguments with every problem of every file at once
 */
export async function findInputs(
  { options }: CommandContext,
  alsoCheck?: () => void,
): Promise<CommandInputs> {
  const problems = new Problems()
  const model = await problems.collect(() => modelFolder(options.model ?? ''))
  const data = options.data && (await problems.collect(() => inputFile('data', options.data as string)))
  const evalData =
    options['eval-data'] &&
    (await problems.collect(() => inputFile('eval-data', options['eval-data'] as string)))
  const adapter = options.adapter
    ? await problems.collect(() => adapterFiles(options.adapter as string))
    : undefined
  const adapterConfig =
    adapter && (await problems.collect(() => parseAdapterConfig(readFileSync(adapter[0], 'utf8'))))
  const config = await problems.collect(() => {
    const written = options.config === undefined ? undefined : readJson('config', options.config)
    return commandConfig(written, adapterConfig)
  })
  if (alsoCheck) await problems.collect(alsoCheck)
  problems.refuse('arguments')
  if (!model || !config) throw new Error('inputs without a problem are complete')
  return {
    model,
    config,
    data: data || undefined,
    evalData: evalData || undefined,
    adapter,
    configFile: options.config,
  }
}

/** Opens the model in the engine and says what it is. */
export async function openModel(
  opened: OpenEngine,
  { model }: CommandInputs,
  { output }: CommandContext,
): Promise<ModelSummary> {
  const files = model.files.map((path) => opened.reference(path))
  const summary = await opened.engine.execute(
    'model/open',
    { name: model.name, files },
    { onEvent: progressListener(output) },
  )
  output.note(`model ${describeModel(summary)}`)
  for (const name of summary.ignoredTensors) output.note(`warning: tensor "${name}" is not used`)
  return summary
}

/** Opens the dataset in the engine and says what it is. Bad rows are refused, or with --skip-bad-rows listed. */
export async function openData(
  opened: OpenEngine,
  inputs: CommandInputs,
  context: CommandContext,
): Promise<DatasetSummary> {
  const { output, switches } = context
  const summary = await openDataset(opened, inputs, context, true)
  if (summary.badRows.length > 0 && !switches.has('skip-bad-rows')) {
    throw inputError(
      'dataset-rows',
      summary.badRows.map(({ row, message, fix }) => ({
        message: `${summary.name}, row ${row}: ${message}`,
        fix: fix ?? 'Correct the row, or leave such rows out with --skip-bad-rows.',
      })),
    )
  }
  for (const { row, message } of summary.badRows) output.note(`skipped row ${row}: ${message}`)
  noteDuplicates(summary, inputs.config.data.dropDuplicates, output)
  output.note(`data ${describeData(summary)}`)
  return summary
}

const DUPLICATES_LISTED = 10

/** Rows that are said twice: left out by name, or a hint that they could be. */
function noteDuplicates(
  { duplicates }: DatasetSummary,
  dropped: boolean,
  output: CommandContext['output'],
): void {
  const count = duplicates.length
  if (count === 0) return
  const listed = duplicates.slice(0, DUPLICATES_LISTED).map(({ row, of }) => `${row} as ${of}`)
  const rows = `${listed.join(', ')}${count > listed.length ? ', …' : ''}`
  const what = count === 1 ? '1 row that says' : `${count} rows that say`
  output.note(
    dropped
      ? `left out ${what} the same as an earlier one (${rows})`
      : `${what} the same as an earlier one (${rows}); "data.dropDuplicates" leaves them out`,
  )
}

/** Opens the dataset for a command that learns nothing from it: rows without labels are as good as others. */
export const openUnlabelledData = (opened: OpenEngine, inputs: CommandInputs, context: CommandContext) =>
  openDataset(opened, inputs, context, false)

function openDataset(
  opened: OpenEngine,
  inputs: CommandInputs,
  { output, switches }: CommandContext,
  requireSupervised: boolean,
): Promise<DatasetSummary> {
  const file = opened.reference(inputs.data as string)
  const evalFile = inputs.evalData === undefined ? undefined : opened.reference(inputs.evalData)
  return opened.engine.execute(
    'dataset/open',
    { file, config: inputs.config, skipBadRows: switches.has('skip-bad-rows'), evalFile, requireSupervised },
    { onEvent: progressListener(output) },
  )
}

/** References to the adapter's files, when there is one. */
export const adapterReferences = (opened: OpenEngine, { adapter }: CommandInputs) =>
  adapter?.map((path) => opened.reference(path))
