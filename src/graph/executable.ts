import type { StudioError } from '../util/errors.ts'
import type { DeviceTraits } from './device.ts'
import type { DeviceMemory, SidePlan } from './device-memory.ts'
import type { StepParams } from './kernel.ts'
import type { BufferRange, Plan } from './plan.ts'

export interface DeviceInfo {
  vendor: string
  architecture: string
  device: string
  description: string
  /** All features of the device, for the page that names it. */
  features: readonly string[]
  limits: Readonly<Record<string, number>>
  software: boolean
}

/** A device that can realise plans. Implemented by gpu/, handed in by host/: nothing else knows of WebGPU. */
export interface Runtime {
  readonly info: DeviceInfo
  readonly traits: DeviceTraits
  /** All buffers of the plans that are realised now. */
  readonly memory: DeviceMemory
  /** Resolves when the device is gone, with the reason. */
  readonly lost: Promise<StudioError>
  /** Compiles the plan's pipelines in parallel, allocates exactly its buffers and makes every bind group once. */
  realise(plan: Plan, options?: RealiseOptions): Promise<Executable>
}

export interface RealiseOptions {
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
  /**
   * An executable of this runtime whose weights and adapters the plan reads where both name a buffer of one size:
   * nothing is loaded twice. It must outlive the new one.
   */
  share?: Executable
  /** How the device's memory counts the plan's buffers; by their categories when left out. */
  countAs?: SidePlan
}

/** GPU time of a step's parts in milliseconds, on the GPU's own clock; replayed forwards are part of the backward. */
export interface StepTimes {
  forwardMs: number
  backwardMs: number
  updateMs: number
  /** When the last part ended; only differences mean something. */
  endedAtMs: number
}

export interface Executable {
  readonly plan: Plan
  /** Bytes of the buffers actually created; with sharedBytes, equal to plan.totalBytes. */
  readonly allocatedBytes: number
  /** Bytes of the plan's buffers that belong to the executable it shares with; 0 without one. */
  readonly sharedBytes: number
  /** Writes host bytes into a range (queue order: after what was run before, before what is run next). */
  write(range: BufferRange, data: ArrayBufferView<ArrayBuffer>, offset?: number): void
  /** Sets fields of the step uniform for the stages run next. */
  setStep(values: Partial<StepParams>): void
  /** Encodes and submits a stage, or one part of it. Returns at once; creates no GPU object except command buffers. */
  run(stage: string, part?: number): void
  /** Copies a small range (at most RING_SLOT_BYTES) behind what was run and resolves when it has come back, without holding up the queue. */
  capture(range: BufferRange): Promise<Uint8Array<ArrayBuffer>>
  /** From here on the GPU notes when compute passes begin and end, where the device and the plan can. */
  beginTiming(): void
  /** As `capture`, and ends the timing: `times` is null where nothing was timed or the times cannot be right. */
  captureTimed(range: BufferRange): Promise<{ bytes: Uint8Array<ArrayBuffer>; times: StepTimes | null }>
  /**
   * Copies a range (at most a transfer buffer's bytes) behind what was run, and resolves when `target` holds it. The
   * caller keeps at most plan.transferBuffers.length under way.
   */
  captureInto(range: BufferRange, target: Uint8Array<ArrayBuffer>): Promise<void>
  /** Reads a range of any size in pieces through the one readback buffer. */
  read(range: BufferRange): Promise<Uint8Array<ArrayBuffer>>
  /** Resolves when everything submitted so far has run; rejects with the first GPU error seen. */
  idle(): Promise<void>
  destroy(): void
}
