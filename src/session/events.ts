import type { FinishReason } from '../generate/generate-tokens.ts'
import type { BytesByUse } from '../graph/device-memory.ts'
import type { BytesByCategory } from '../graph/tensor.ts'
import type { PagingStatistics } from '../optim/moments.ts'
import type { ErrorData } from '../util/errors.ts'
import type { VerificationCheck } from '../verify/report.ts'

export type { PagingStatistics } from '../optim/moments.ts'

/** Slash names of everything that is plotted or logged; the keys of a line in metrics.jsonl. */
export type MetricName =
  | 'train/loss'
  | 'train/supervised_tokens'
  | 'train/epoch'
  | 'eval/loss'
  | 'optimizer/lr'
  | 'optimizer/grad_norm'
  | 'speed/tokens_per_second'
  | 'speed/step_ms'
  /** Where the GPU's own clock can be read; replayed forwards are part of the backward. */
  | 'speed/forward_ms'
  | 'speed/backward_ms'
  | 'speed/update_ms'
  /** The three as one, where it cannot be read. */
  | 'speed/gpu_ms'
  /** The GPU stood still for pages of the moments. */
  | 'speed/paging_ms'
  /** What is neither. */
  | 'speed/waiting_ms'
  | 'memory/gpu_bytes'
  | 'paging/hit_rate'
  | 'paging/bytes_to_gpu'
  | 'paging/bytes_from_gpu'
  | 'paging/bytes_to_store'
  | 'paging/bytes_from_store'
  | 'paging/host_bytes'
  | 'paging/stall_ms'

/** One finished update. A non-finite number stays one: it is written as a string only on disk. */
export interface StepMetrics {
  /** 1-based. */
  step: number
  metrics: Partial<Record<MetricName, number>>
}

/** Error of one quantized tensor against its original (quant/statistics). */
export interface TensorQuantization {
  name: string
  shape: readonly number[]
  block: number | null
  mse: number
  rmse: number
  mae: number
  maxError: number
  snrDb: number
  bitsPerParam: number
  /** Weights per code, 16 entries in code order. */
  histogram: number[]
  /** The 16 code points, −1…1, in the same order. */
  codePoints: number[]
}

/** An answer to a prompt that is asked again and again while a run learns. */
export interface SampleAnswer {
  prompt: string
  /** What the dataset answers; null where it does not say. */
  expected: string | null
  /** 1-based dataset row of the prompt; null for one that a person wrote. */
  row: number | null
  /** Whether the row is held out of training. */
  heldOut: boolean
  text: string
  finishReason: FinishReason
}

export type RunPhase = 'compiling' | 'quantizing' | 'training' | 'sampling' | 'evaluating' | 'exporting'

/** What a run is at while its memory is looked at. */
export type MemoryMoment = RunPhase | 'paused' | 'finished'

/** Everything a run tells, in order; the app folds these into its state, the terminal prints them. */
export type RunEvent =
  | {
      type: 'run/started'
      runId: string
      totalSteps: number
      plannedBytes: BytesByCategory
      totalBytes: number
      trainableParameters: number
      /** The largest buffer that the device allows: the only limit of memory that WebGPU names. */
      maxBufferBytes?: number
      /** Step that it goes on from: of a checkpoint, or 0 where it begins again after a lost device. What was told of later steps comes again. */
      resumedFrom?: number
      /** The last steps before that place, which a listener that was killed may lack. */
      recent?: StepMetrics[]
    }
  /** Progress of a phase in its own unit; `done` of `total`. */
  | {
      type: 'run/progress'
      phase: RunPhase
      done: number
      total: number
      unit: 'kernels' | 'tensors' | 'steps' | 'prompts' | 'batches'
    }
  | { type: 'quant/tensor'; tensor: TensorQuantization }
  | { type: 'run/step'; step: StepMetrics; totalSteps: number; secondsLeft: number | null }
  | { type: 'run/evaluated'; step: number; loss: number; perplexity: number; supervisedTokens: number }
  /** Per adapted layer ‖sBA‖ / ‖Ŵ−W‖: how far the adapter has moved against the quantization error. */
  | { type: 'quant/delta_ratio'; step: number; ratios: { name: string; ratio: number }[] }
  /** What the run's model says to its fixed prompts after `step` updates, always taking the likeliest token. */
  | { type: 'run/samples'; step: number; answers: SampleAnswer[]; durationMs: number }
  /** Where every page of Adam's moments is, and all traffic so far; with every logged step of a paged run. */
  | { type: 'paging/state'; step: number; paging: PagingStatistics }
  /** The run can be gone on from this step. */
  | { type: 'run/checkpoint'; step: number; sizeBytes: number; durationMs: number }
  | { type: 'memory/allocated'; bytes: number }
  /** All that is allocated on the run's device, `atMs` after the run (or its going on) began. */
  | { type: 'memory/gpu_bytes'; atMs: number; during: MemoryMoment; bytes: BytesByUse; totalBytes: number }
  | { type: 'run/warning'; code: string; message: string; fix?: string }
  | { type: 'run/paused'; step: number }
  | { type: 'run/resumed'; step: number }
  /**
   * The GPU went away after `step`. As soon as there is one again, `run/started` tells that the run goes on from
   * `resumesFrom`, and `run/resumed` (or `run/paused`, if it was) that it is there.
   */
  | { type: 'run/device-lost'; step: number; resumesFrom: number; message: string }
  | { type: 'run/finished'; summary: RunSummary }
  | { type: 'run/failed'; error: ErrorData }
  /** A token of a text that is being generated, and what the text grows by (empty while a character is not whole). */
  | { type: 'generate/token'; tokenId: number; text: string; probability: number }
  /** A check of the device has ended; the `done`th of `total`. */
  | { type: 'verify/check'; check: VerificationCheck; done: number; total: number }
  /** Progress outside of runs (opening files, tokenizing). */
  | {
      type: 'task/progress'
      task: 'model' | 'dataset' | 'measure'
      done: number
      total: number
      unit: 'bytes' | 'rows' | 'steps'
    }

export interface RunSummary {
  runId: string
  steps: number
  /** Whether the person stopped it before the last step. */
  stopped: boolean
  firstLoss: number | null
  lastLoss: number | null
  evalLossBefore: number | null
  evalLoss: number | null
  supervisedTokens: number
  durationMs: number
  tokensPerSecond: number
  gpuBytes: number
}
