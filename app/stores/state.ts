import type { ColumnChoice, RunConfig } from '../../src/config/schema.ts'
import type { TensorQuantization } from '../../src/session/events.ts'
import type { FileReference } from '../../src/session/files.ts'
import type {
  DatasetSummary,
  DeviceReport,
  ModelSummary,
  PlanReport,
  QuickTry,
  SeenColumn,
} from '../../src/session/reports.ts'
import type { ErrorData, Problem } from '../../src/util/errors.ts'
import type { DemoId } from './embedded.ts'

/** What keeps the studio from working on this machine at all. */
export type Obstacle = 'insecure' | 'no-webgpu' | 'no-adapter' | 'engine-failed' | 'engine-crashed'

export interface DeviceState {
  status: 'checking' | 'ready' | 'blocked'
  report: DeviceReport | null
  obstacle: Obstacle | null
  error: ErrorData | null
}

/** Long work under way; `total` 0 where it is not known. */
export interface TaskProgress {
  done: number
  total: number
  unit: 'bytes' | 'rows' | 'steps'
}

/** `licence` is what the model's card claims. */
export type ModelChoice =
  | { kind: 'embedded' }
  | { kind: 'files'; name: string; files: FileReference[]; licence?: string | null }

export interface ModelState {
  status: 'opening' | 'ready' | 'empty'
  /** What the person asked for last; equal to `opened` unless it is being opened. */
  requested: ModelChoice
  opened: ModelChoice | null
  summary: ModelSummary | null
  progress: TaskProgress | null
  /** Why the last request failed, and for which file; the model opened before stays. */
  failure: { name: string; error: ErrorData } | null
}

/** `mapping` is how the columns are to be read from now on, null by their names; without it, as the recipe says. */
export type DatasetChoice =
  | { kind: 'demo'; id: DemoId; mapping?: ColumnChoice | null }
  | { kind: 'file'; file: FileReference; skipBadRows: boolean; mapping?: ColumnChoice | null }

export interface DatasetState {
  status: 'opening' | 'ready' | 'empty'
  requested: DatasetChoice
  opened: DatasetChoice | null
  summary: DatasetSummary | null
  progress: TaskProgress | null
  /** `columns` are known when the file could be read, but not what is what in it. */
  failure: { choice: DatasetChoice; name: string; error: ErrorData; columns: readonly SeenColumn[] } | null
}

export type PresetId = 'quick-try' | 'balanced' | 'thorough' | 'file'

export interface RecipeState {
  presetId: PresetId
  /** Name of the file when the recipe came from one. */
  fileName: string | null
  /** Where the person started from; what differs from it is marked. */
  base: RunConfig
  /** What the form holds: a RunConfig, except where a field is being typed into. */
  draft: Record<string, unknown>
  /** The draft as a RunConfig, or null while it has problems. */
  config: RunConfig | null
  problems: readonly Problem[]
  /** Problems of the last recipe file that could not be used; the recipe before stays. */
  fileFailure: { name: string; error: ErrorData } | null
  measuring: boolean
  measureProgress: TaskProgress | null
  quickTry: QuickTry | null
  /** Why the speed could not be measured: the preset then stands as it is. */
  measureError: ErrorData | null
  planning: boolean
  plan: PlanReport | null
  planError: ErrorData | null
}

/** Per-tensor quantization asked for outside of a run. */
export interface InspectionState {
  status: 'idle' | 'working' | 'ready' | 'failed'
  /** While at work those measured so far; a failed or cancelled measurement brings back the ones before it. */
  tensors: readonly TensorQuantization[]
  /** Null until the engine has begun: preparations go first. */
  progress: { done: number; total: number } | null
  error: ErrorData | null
}
