import type { RunConfig } from '../config/schema.ts'
import type { LongWork } from '../data/pace.ts'
import { type DatasetReport, datasetReport } from '../data/report.ts'
import type { Sequence } from '../data/sequence.ts'
import {
  type Dataset,
  openDataset,
  refuseBadRows,
  type TokenizedDataset,
  tokenizeDataset,
} from '../data/tokenize-dataset.ts'
import { trainingData } from '../data/training-data.ts'
import type { ByteSource } from '../util/byte-source.ts'
import type { OpenedModel } from './open-model.ts'

const PREVIEW_ROWS = 8

/** A dataset file that has been read; tokens are made for the settings of a run when they are needed. */
export interface OpenedDataset {
  training: Dataset
  /** Rows to evaluate on, where they come in a file of their own. */
  evaluation: Dataset | null
  skipBadRows: boolean
}

/** The sequences of a run: one epoch in file order, and those held out. */
export interface RunData {
  train: Sequence[]
  evaluation: Sequence[]
}

export async function readDataset(
  file: ByteSource,
  evalFile: ByteSource | null,
  skipBadRows: boolean,
  work: LongWork,
): Promise<OpenedDataset> {
  return {
    training: await openDataset(file, work),
    evaluation: evalFile && (await openDataset(evalFile, work)),
    skipBadRows,
  }
}

/** Tokenizes with the settings of a run. Bad rows are refused, all by number, unless they are to be skipped. */
export async function runData(
  dataset: OpenedDataset,
  model: OpenedModel,
  config: RunConfig,
  options: LongWork & { requireSupervised?: boolean } = {},
): Promise<RunData> {
  const tokenized = await tokenize(dataset.training, dataset, model, config, options)
  const data = trainingData(tokenized, config.data, config.train.seed)
  if (!dataset.evaluation) return data
  const { examples } = await tokenize(dataset.evaluation, dataset, model, config, options)
  return { train: data.train, evaluation: [...data.evaluation, ...examples] }
}

/** What a person sees of the dataset before training; bad rows are part of it, never a refusal. */
export async function describeDataset(
  dataset: OpenedDataset,
  model: OpenedModel,
  config: RunConfig,
  work: LongWork & { requireSupervised?: boolean },
): Promise<DatasetReport> {
  const tokenized = await tokenize(dataset.training, { skipBadRows: true }, model, config, work)
  const data = trainingData(tokenized, config.data, config.train.seed)
  const evaluation = dataset.evaluation
    ? (await tokenize(dataset.evaluation, { skipBadRows: true }, model, config, work)).examples
    : []
  return datasetReport(
    dataset.training,
    tokenized,
    { train: data.train, evaluation: [...data.evaluation, ...evaluation] },
    { tokenizer: model.tokenizer ?? undefined, previewRows: PREVIEW_ROWS },
  )
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
    tokenizer: model.tokenizer ?? undefined,
    chatTemplate: model.chatTemplate,
    vocabSize: model.checkpoint.config.vocabSize,
  })
  if (!skipBadRows) refuseBadRows(dataset.file.name, tokenized.badRows)
  return tokenized
}
