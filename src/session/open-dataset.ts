import type { RunConfig } from '../config/schema.ts'
import { type DatasetFile, readDatasetFile } from '../data/dataset-file.ts'
import type { LongWork } from '../data/pace.ts'
import { type DatasetReport, datasetReport } from '../data/report.ts'
import { type SamplePrompt, samplePrompts } from '../data/sample-prompts.ts'
import type { Sequence } from '../data/sequence.ts'
import {
  type Dataset,
  refuseBadRows,
  shapedDataset,
  type TokenizedDataset,
  tokenizeDataset,
} from '../data/tokenize-dataset.ts'
import { trainingData } from '../data/training-data.ts'
import type { ByteSource } from '../util/byte-source.ts'
import type { OpenedModel } from './open-model.ts'

const PREVIEW_ROWS = 8

/** A dataset file that has been read; columns are chosen and tokens made by the settings of a run when they are needed. */
export interface OpenedDataset {
  training: DatasetFile
  /** Rows to evaluate on, where they come in a file of their own. */
  evaluation: DatasetFile | null
  skipBadRows: boolean
}

/** The sequences of a run: one epoch in file order, and those held out. */
export interface RunData {
  train: Sequence[]
  evaluation: Sequence[]
}

/** A run's sequences, and prompts of the dataset to ask while it learns: those of held-out rows first. */
export interface RunDataWithPrompts extends RunData {
  prompts: SamplePrompt[]
}

/** So many that some may be too long for the model, or refused by its template. */
const PROMPTS_LOOKED_AT = 12

export async function readDataset(
  file: ByteSource,
  evalFile: ByteSource | null,
  skipBadRows: boolean,
  work: LongWork,
): Promise<OpenedDataset> {
  return {
    training: await readDatasetFile(file, work),
    evaluation: evalFile && (await readDatasetFile(evalFile, work)),
    skipBadRows,
  }
}

/** Tokenizes with the settings of a run. Bad rows are refused, all by number, unless they are to be skipped. */
export async function runData(
  dataset: OpenedDataset,
  model: OpenedModel,
  config: RunConfig,
  options: LongWork & { requireSupervised?: boolean } = {},
): Promise<RunDataWithPrompts> {
  const { training, evaluation: separate } = shaped(dataset, config)
  const tokenized = await tokenize(training, dataset, model, config, options)
  const { train, evaluation } = trainingData(tokenized, config.data, config.train.seed)
  const { examples } = separate ? await tokenize(separate, dataset, model, config, options) : { examples: [] }
  const promptsOf = (of: Dataset, sequences: readonly Sequence[], heldOut: boolean) =>
    samplePrompts(of, sequences, heldOut, model.tokenizer, PROMPTS_LOOKED_AT)
  return {
    train,
    evaluation: [...evaluation, ...examples],
    prompts: [
      ...promptsOf(training, evaluation, true),
      ...(separate ? promptsOf(separate, examples, true) : []),
      ...promptsOf(training, train, false),
    ],
  }
}

/** What a person sees of the dataset before training; bad rows are part of it, never a refusal. */
export async function describeDataset(
  dataset: OpenedDataset,
  model: OpenedModel,
  config: RunConfig,
  work: LongWork & { requireSupervised?: boolean },
): Promise<DatasetReport> {
  const { training, evaluation: separate } = shaped(dataset, config)
  const tokenized = await tokenize(training, { skipBadRows: true }, model, config, work)
  const data = trainingData(tokenized, config.data, config.train.seed)
  const evaluation = separate
    ? (await tokenize(separate, { skipBadRows: true }, model, config, work)).examples
    : []
  return datasetReport(
    training,
    tokenized,
    { train: data.train, evaluation: [...data.evaluation, ...evaluation] },
    { tokenizer: model.tokenizer ?? undefined, previewRows: PREVIEW_ROWS },
  )
}

function shaped({ training, evaluation }: OpenedDataset, { data: { mapping } }: RunConfig) {
  return {
    training: shapedDataset(training, mapping),
    evaluation: evaluation && shapedDataset(evaluation, mapping),
  }
}

async function tokenize(
  dataset: Dataset,
  { skipBadRows }: { skipBadRows: boolean },
  model: OpenedModel,
  config: RunConfig,
  options: LongWork & { requireSupervised?: boolean },
): Promise<TokenizedDataset> {
  const tokenized = await tokenizeDataset(dataset, {
    ...options,
    maxSeqLength: config.data.maxSeqLength,
    trainOn: config.data.trainOn,
    dropDuplicates: config.data.dropDuplicates,
    tokenizer: model.tokenizer ?? undefined,
    chatTemplate: model.chatTemplate,
    vocabSize: model.checkpoint.config.vocabSize,
  })
  if (!skipBadRows) refuseBadRows(dataset.file.name, tokenized.badRows)
  return tokenized
}
