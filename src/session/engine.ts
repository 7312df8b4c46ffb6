import type { RunConfig } from '../config/schema.ts'
import type { StepRows } from '../data/step-rows.ts'
import type { CheckpointSummary } from './checkpoints.ts'
import type { RunEvent, RunSummary, TensorQuantization } from './events.ts'
import type { FileReference, OutputFile, StorageReference } from './files.ts'
import type { GenerateArgs, GenerateResult } from './generate-request.ts'
import type {
  DatasetSummary,
  DeviceReport,
  ModelSummary,
  PlanReport,
  QuickTry,
  VerificationReport,
} from './reports.ts'
import type { SamplesArgs } from './samples.ts'

/**
 * Every command with what it takes and what it gives: one table, so that the local engine, the worker proxy and the
 * headless page are the same thing to their caller. Arguments and results are plain data (structured clone).
 */
export interface CommandTable {
  'device/describe': { args: Record<string, never>; result: DeviceReport }
  /**
   * Whether this device computes what it should, with an event after each check. `golden` are the files that the checks
   * compare with (GOLDEN_FILES of src/verify). A wrong kernel is a verdict, not an error.
   */
  'device/verify': { args: { golden: FileReference[] }; result: VerificationReport }
  /** Opens a model folder's files; replaces the current model (and drops the dataset tokenized for the old one). */
  'model/open': { args: { name: string; files: FileReference[] }; result: ModelSummary }
  /**
   * Reads and tokenizes a dataset for the current model; replaces the current dataset only when it succeeds. A row with
   * nothing to learn is a bad row, unless `requireSupervised` is false (for logits).
   */
  'dataset/open': {
    args: {
      file: FileReference
      config: RunConfig
      skipBadRows?: boolean
      evalFile?: FileReference
      requireSupervised?: boolean
    }
    result: DatasetSummary
  }
  /** With `samples`, what they take is part of the plan. */
  'run/plan': { args: { config: RunConfig; samples?: SamplesArgs }; result: PlanReport }
  /** Measures a few steps on this device and fits the quick-try preset to about two minutes. */
  'run/quick-try': {
    args: { targetSeconds?: number; mapping?: RunConfig['data']['mapping'] }
    result: QuickTry
  }
  /**
   * Quantizes and trains; resolves when the run has ended. Events come in order while it runs. With a storage it keeps
   * checkpoints: every `saveEvery` steps, on pause, on demand and at its end. `resume` names a run of the storage to go
   * on with (null: the only one); config, model, data and adapter must be those it began with. `samples` are told as
   * events and change nothing of what is learned.
   */
  'run/start': {
    args: {
      config: RunConfig
      adapter?: FileReference[]
      storage?: StorageReference
      resume?: { runId: string | null }
      samples?: SamplesArgs
    }
    result: RunSummary
  }
  /** Take effect at the next step boundary. */
  'run/pause': { args: Record<string, never>; result: void }
  'run/resume': { args: Record<string, never>; result: void }
  /** Keeps a checkpoint at the next step boundary. */
  'run/save': { args: Record<string, never>; result: { step: number } }
  /** Runs of a storage that can be gone on with, latest first. */
  'checkpoint/list': { args: { storage: StorageReference }; result: CheckpointSummary[] }
  'checkpoint/delete': { args: { storage: StorageReference; runId: string }; result: void }
  /** Deletes what runs left that ended before their first checkpoint, except of those that are under way. Gives their number. */
  'checkpoint/collect': { args: { storage: StorageReference }; result: number }
  /**
   * What a step of the current run (1-based) is or was trained on, row by row. Answers from the run's data and seed, at
   * any time, and never touches the run.
   */
  'data/rows-of-step': { args: { step: number }; result: StepRows }
  /**
   * Ends the run after the step under way; what was learnt can still be exported. Before the first step (while it is
   * prepared, brought onto the device or waits for one), and within a step that waits for a full disk, it ends at once: the
   * summary and what can be exported are then those of its last checkpoint, or of zero steps.
   */
  'run/stop': { args: Record<string, never>; result: void }
  /**
   * What the run has learned, as it stands between two steps: an adapter in PEFT layout (adapter_model.safetensors and
   * adapter_config.json), or after method full a Hugging Face folder (config.json, model.safetensors, the tokenizer).
   */
  'run/export': { args: Record<string, never>; result: OutputFile[] }
  /** The same, with the step that it stands at: of a run under way, that of its next rest. */
  'run/export-step': { args: Record<string, never>; result: { step: number; files: OutputFile[] } }
  /** Loss over the supervised tokens of the current dataset, in file order. */
  'model/evaluate': {
    args: { config: RunConfig; adapter?: FileReference[] }
    result: { loss: number; perplexity: number; supervisedTokens: number }
  }
  /** Last-layer logits of the first batch, row-major [batch, sequence, vocab]. */
  'model/logits': {
    args: { config: RunConfig; adapter?: FileReference[] }
    result: { shape: [number, number, number]; logits: Float32Array<ArrayBuffer> }
  }
  /**
   * Continues a chat or a text, token by token as events. May come while a run is paused, and then speaks with its
   * weights as they are; resuming waits for the end of the text. Several wait for each other.
   */
  'model/generate': { args: GenerateArgs; result: GenerateResult }
  /** The base in 4 bits as a bitsandbytes-compatible folder. */
  'model/quantize': { args: { config: RunConfig }; result: OutputFile[] }
  'model/inspect': { args: { config: RunConfig }; result: TensorQuantization[] }
}

export type CommandName = keyof CommandTable
export type CommandArgs<N extends CommandName> = CommandTable[N]['args']
export type CommandResult<N extends CommandName> = CommandTable[N]['result']

export interface CommandOptions {
  onEvent?: (event: RunEvent) => void
  /** Cancels long work; the command then rejects with the code `cancelled`. */
  signal?: AbortSignal
}

/** The engine as everyone outside sees it: a worker proxy cannot be told from the local one. */
export interface Engine {
  execute<N extends CommandName>(
    name: N,
    args: CommandArgs<N>,
    options?: CommandOptions,
  ): Promise<CommandResult<N>>
}
