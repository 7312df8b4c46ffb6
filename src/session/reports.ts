import type { DeviceInfo } from '../graph/executable.ts'
import type { BytesByCategory } from '../graph/tensor.ts'
import type { RunConfig } from '../config/schema.ts'
import type { Problem } from '../util/errors.ts'

export interface DeviceReport {
  device: DeviceInfo
  /** What of it the studio uses, in words: `shader-f16`, `subgroups`, `timestamp-query`. */
  uses: string[]
}

export interface ModelSummary {
  name: string
  architecture: string
  parameters: number
  /** Parameters of the linears that are quantized. */
  quantizableParameters: number
  layers: number
  hiddenSize: number
  intermediateSize: number
  heads: number
  kvHeads: number
  headDim: number
  vocabSize: number
  contextLength: number
  tied: boolean
  dtype: string
  sizeBytes: number
  /** Size of the base once quantized to NF4 with double quantization. */
  nf4Bytes: number
  /** Null when the folder has no tokenizer (rows must then be input_ids). */
  tokenizer: { vocabSize: number; chatTemplate: 'model' | 'studio default' } | null
  /** Tensors in the files that the architecture does not use. */
  ignoredTensors: string[]
}

export interface PreviewToken {
  id: number
  text: string
  trained: boolean
  special: boolean
  endOfTurn: boolean
}

export interface DatasetSummary {
  name: string
  /** `instruction/output`, `messages`, … */
  format: string
  /** Which column plays which role: "prompt" ← ["instruction", "input"]. */
  mapping: { role: 'prompt' | 'answer' | 'conversation' | 'text' | 'tokens'; columns: string[] }[]
  rows: number
  badRows: ({ row: number } & Problem)[]
  truncatedRows: number
  supervisedTokens: number
  totalTokens: number
  longestTokens: number
  /** Rows kept aside for evaluation. */
  evalRows: number
  /** Sequences after packing (= rows without packing). */
  sequences: number
  histogram: { from: number; to: number; count: number }[]
  preview: { row: number; tokens: PreviewToken[] }[]
}

export interface LimitVerdict {
  limit: string
  needed: number
  available: number
  ok: boolean
}

/** The memory plan: exactly what the run will allocate. */
export interface PlanReport {
  bytes: BytesByCategory
  totalBytes: number
  /** Dispatches by stage. */
  dispatches: Record<string, number>
  verdicts: LimitVerdict[]
  trainableParameters: number
  baseParameters: number
  /** Stored bits per quantized base parameter (4.127 for NF4 with double quantization); null unquantized. */
  bitsPerParameter: number | null
  totalSteps: number | null
  sequenceLengths: number[]
}

export interface QuickTry {
  config: RunConfig
  /** Measured on this device, on this model. */
  tokensPerSecond: number
  estimatedSeconds: number
  measuredMs: number
}
