import type { RunConfig } from '../config/schema.ts'
import type { DeviceInfo } from '../graph/executable.ts'
import type { BytesByCategory } from '../graph/tensor.ts'
import type { ErrorData } from '../util/errors.ts'

export interface DeviceReport {
  device: DeviceInfo
  /** Optional features that kernels make use of: `shader-f16`, `subgroups`, … */
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
  tokenizer: {
    vocabSize: number
    chatTemplate: 'model' | 'studio default' | 'unusable'
    /** Why conversations cannot be written; plain text needs no template. */
    templateFault?: ErrorData
  } | null
  /** Tensors in the files that the architecture does not use. */
  ignoredTensors: string[]
}

export type { DatasetReport as DatasetSummary, PreviewToken } from '../data/report.ts'
export { type SeenColumn, UNKNOWN_COLUMNS } from '../data/row-shapes.ts'
export type { StepRow, StepRows } from '../data/step-rows.ts'
export type { CheckKind, VerificationCheck, VerificationReport } from '../verify/report.ts'

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
  moments: MomentsReport | null
  /** What the run will be asked while it learns; only where samples were asked for, null where there is nothing to ask. */
  samples?: SamplesReport | null
}

export interface SamplesReport {
  prompts: { text: string; row: number | null; heldOut: boolean }[]
  /** What they take beside the run; part of `bytes`. */
  totalBytes: number
  /** An answer is cut after so many. */
  maxTokens: number
}

/** Where Adam's moments are; null where nothing is trained. */
export interface MomentsReport {
  /** m and v of every trained value. */
  totalBytes: number
  /** Null without a GPU budget: all of them stay on the GPU. */
  pages: {
    count: number
    pageBytes: number
    /** Slots on the GPU: pages that stay there, and two that the others take turns in. */
    gpuBytes: number
    /** Pages at home in host memory, and in the store. */
    host: number
    store: number
  } | null
}

export interface QuickTry {
  config: RunConfig
  /** Measured on this device, on this model. */
  tokensPerSecond: number
  estimatedSeconds: number
  measuredMs: number
}
