import { type ChatTemplate, openChatTemplate, type TemplateRunner } from '../data/chat-template.ts'
import { type Checkpoint, openCheckpoint } from '../formats/checkpoint.ts'
import { isFloatDtype } from '../formats/dtype.ts'
import { linearModules } from '../formats/llama-weights.ts'
import { loadTokenizer, type Tokenizer, tokenizerFilesOf } from '../formats/tokenizer.ts'
import { quantLayout } from '../quant/layout.ts'
import type { ByteSource } from '../util/byte-source.ts'
import { type ErrorData, errorToData, StudioError } from '../util/errors.ts'
import type { ModelSummary } from './reports.ts'

/** A model folder that has been checked: nothing of its weights is in memory yet. */
export interface OpenedModel {
  name: string
  checkpoint: Checkpoint
  /** Null when the folder has none; only rows of input_ids can then be trained on. */
  tokenizer: Tokenizer | null
  /** Opened once; whoever writes conversations asks for it. @throws input/no-tokenizer, input/chat-template */
  chatTemplate: () => Promise<ChatTemplate>
  /** The folder's files, for what is copied into a quantized one. */
  files: readonly ByteSource[]
  summary: ModelSummary
}

/** @throws input/checkpoint, input/model-config, input/architecture, input/safetensors, input/tokenizer */
export async function openModel(
  name: string,
  files: readonly ByteSource[],
  runTemplate: TemplateRunner,
): Promise<OpenedModel> {
  const checkpoint = await openCheckpoint(files)
  const hasTokenizer = files.some((file) => file.name === 'tokenizer.json')
  const tokenizer = hasTokenizer ? await loadTokenizer(tokenizerFilesOf(files)) : null
  const template = tokenizer ? openChatTemplate(tokenizer, runTemplate) : Promise.reject(noTokenizer())
  // A template that cannot be used is no obstacle to plain text: whoever needs it is told.
  const fault = await template.then(
    () => null,
    (error: unknown) => errorToData(error),
  )
  return {
    name,
    checkpoint,
    tokenizer,
    chatTemplate: () => template,
    files,
    summary: summarise(name, checkpoint, tokenizer, fault),
  }
}

export const noTokenizer = () =>
  new StudioError(
    'input/no-tokenizer',
    'The model folder has no tokenizer.json, so it cannot read or write text',
    { hint: 'Add tokenizer.json of the same model.' },
  )

function summarise(
  name: string,
  { config, tensors, ignored, sizeBytes }: Checkpoint,
  tokenizer: Tokenizer | null,
  templateFault: ErrorData | null,
): ModelSummary {
  const parameters = [...tensors.values()].reduce((sum, { elements }) => sum + elements, 0)
  const linears = [...linearModules(config)]
  const nf4 = linears.map(([module, shape]) => ({
    stored: tensors.get(`${module}.weight`)?.sizeBytes ?? 0,
    quantized: quantLayout(shape, { type: 'nf4', blockSize: 64, doubleQuant: true }).sizeBytes,
    elements: shape[0] * shape[1],
  }))
  const dtypes = [...new Set([...tensors.values()].map(({ dtype }) => dtype))].filter(isFloatDtype)
  return {
    name,
    architecture: 'LlamaForCausalLM',
    parameters,
    quantizableParameters: nf4.reduce((sum, { elements }) => sum + elements, 0),
    layers: config.numLayers,
    hiddenSize: config.hiddenSize,
    intermediateSize: config.intermediateSize,
    heads: config.numHeads,
    kvHeads: config.numKvHeads,
    headDim: config.headDim,
    vocabSize: config.vocabSize,
    contextLength: config.maxPositionEmbeddings,
    tied: config.tieWordEmbeddings,
    dtype: dtypes.join(' + '),
    sizeBytes,
    nf4Bytes: sizeBytes + nf4.reduce((sum, { quantized, stored }) => sum + quantized - stored, 0),
    tokenizer: tokenizer && {
      vocabSize: tokenizer.vocabSize,
      chatTemplate: templateFault ? 'unusable' : tokenizer.chatTemplate ? 'model' : 'studio default',
      ...(templateFault && { templateFault }),
    },
    ignoredTensors: [...ignored],
  }
}
